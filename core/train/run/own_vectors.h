// finetune of embeddings: a model learns to say with fewer words what it says in full, of texts without labels.
//
//   wanted   the model's own vectors, in full, before it learns: computed once, kept as Example::logits
//
// All else is as with a larger model's logits (trainer.h): the full model is held to them as the pruned ones are. A
// dense layer behind the pooling stays as it is; the vectors before it are what is learned.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/status.h"
#include "core/tasks/sentence_folder.h"
#include "core/train/data/batches.h"
#include "core/train/data/examples.h"
#include "core/train/modules/bert_module.h"
#include "core/train/run/options.h"
#include "core/train/run/summary.h"

namespace latformer::train {

// What options become: no labels, no teacher stage, texts no longer than the model was made for. Errors:
// invalid_argument (options that have no say here).
Status learn_own_vectors(const SentenceSettings& sentences, FinetuneOptions& options);

// The prompt that stands before each text by default, if there is one.
void put_prompt_before(std::vector<LabelledText>& texts, const SentenceSettings& sentences);

VectorHead vector_head_of(const SentenceSettings& sentences);

// Errors: bad_model where they are not finite.
Status take_own_vectors(const Module& module, const BatchLimits& limits, RunData& data);
// Others of `size` in their place, where what they are does not matter.
void any_vectors(size_t size, RunData& data);

}  // namespace latformer::train
