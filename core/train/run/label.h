// latformer-train label: what a larger model says of texts, kept in a file, so that smaller ones learn from it at no
// further cost. Texts need no labels.
//
// TARGET has a line of JSON for each text:  {"text": ..., "text_pair": ..., "label": "1", "logits": [-2.5, 2.25]}
// where "label" is the text's own, or, of a text without, the number of the model's answer. It is data for finetune,
// with
// --logits-column logits.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/train/data/batches.h"
#include "core/train/data/examples.h"

namespace latformer::train {

struct LabelOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  ColumnNames columns;
  std::filesystem::path target;
  bool sentences = false;            // each sentence by itself (data/sentences.h)
  size_t limit = 0;                  // texts (or sentences) drawn by chance; 0: all
  size_t min_tokens = 0;             // shorter ones are left out
  size_t max_tokens = 0;             // longer ones are cut; 0: the model's positions
  std::optional<bool> bf16 = false;  // none: whichever is faster here
  BatchLimits batches;
  uint64_t seed = 1;
};

// The number of texts in TARGET. It grows as TARGET.partial; one that is there already, of the same texts, is gone on
// with. `tell` hears how far it is. Errors: invalid_argument (data, files), bad_model, unsupported_model (no
// classifier).
Result<size_t> label(const LabelOptions& options, const std::function<void(const std::string&)>& tell);

}  // namespace latformer::train
