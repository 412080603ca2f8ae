// Texts drawn by chance from files, as they were read and as the model sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/train/data/examples.h"

namespace latformer::train {

struct Sample {
  std::vector<LabelledText> texts;
  std::vector<Example> examples;  // of each text
};

struct SampleOptions {
  size_t limit = 0;       // texts at most, of all files together; 0: all
  size_t max_tokens = 0;  // longer texts are cut; the model's positions at most, which 0 stands for
  uint64_t seed = 1;
  uint64_t number = 0;  // parts the draws of one seed
};

// For a model with a classifier, whose labels they must have. Errors: those of reading and of encoding (examples.h).
Result<Sample> draw_sample(std::span<const std::filesystem::path> files, const ColumnNames& columns,
                           const Tokenizer& tokenizer, const BertConfig& config, const SampleOptions& options);

}  // namespace latformer::train
