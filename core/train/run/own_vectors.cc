#include "core/train/run/own_vectors.h"

#include <algorithm>
#include <utility>

#include "core/elimination/schedule.h"
#include "core/train/report/evaluate.h"

namespace latformer::train {

Status learn_own_vectors(const SentenceSettings& sentences, FinetuneOptions& options) {
  if (options.train.teacher.epochs > 0) {
    return invalid_argument("--teacher-epochs: a model of embeddings is its own teacher; there is no such stage");
  }
  if (options.layers > 0) return invalid_argument("--layers: the vectors of a part of the model are not the model's");
  if (!options.labels.empty()) return invalid_argument("--labels: embeddings have none");
  if (!options.columns.logits.empty()) return invalid_argument("--logits-column: embeddings have none");
  if (!options.train.distill) return invalid_argument("--no-distill: embeddings have no labels to learn from instead");
  options.columns.label.clear();
  options.columns.label_optional = true;
  if (sentences.pooling.max_tokens) {
    options.max_tokens = std::min<size_t>(options.max_tokens, *sentences.pooling.max_tokens);
  }
  return {};
}

void put_prompt_before(std::vector<LabelledText>& texts, const SentenceSettings& sentences) {
  if (!sentences.default_prompt) return;
  const std::string& prompt = sentences.prompts.at(*sentences.default_prompt);
  for (LabelledText& text : texts) text.text = prompt + text.text;
}

VectorHead vector_head_of(const SentenceSettings& sentences) {
  return {.pooling = sentences.pooling.pooling, .normalize = sentences.normalize};
}

Status take_own_vectors(const Module& module, const BatchLimits& limits, RunData& data) {
  Scheduler in_full(module.config().cost, default_profile(module.config().cost.num_layers));
  for (std::vector<Example>* examples : {&data.training, &data.held_out, &data.dev}) {
    LATFORMER_ASSIGN(auto vectors, logits_of(module, *examples, in_full, 1, limits));
    for (size_t i = 0; i < vectors.size(); ++i) (*examples)[i].logits = std::move(vectors[i]);
  }
  return {};
}

void any_vectors(size_t size, RunData& data) {
  for (Example& example : data.training) example.logits.assign(size, 1);
}

}  // namespace latformer::train
