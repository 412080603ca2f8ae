// Labelled texts, tokenised: what a model is trained and measured on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/models/bert/config.h"
#include "core/text/tokenizer.h"
#include "core/train/data/token_text.h"

namespace latformer::train {

struct ColumnNames {
  std::string text;             // empty: "text", else "sentence"
  std::string pair;             // empty: "text_pair" if `text` is empty too and there is one; else single texts
  std::string label = "label";  // several of them (multi-label): a JSON list, or parted by `label_separator`
  char label_separator = ',';
};

struct LabelledText {
  std::string text;
  std::optional<std::string> pair;
  std::vector<std::string> labels;
  std::string place;  // file:line, for errors
};

// Errors: invalid_argument: a file that cannot be read, is empty or holds no text, a column that is not there, an empty
// label (of several labels an empty field means that there is none).
Result<std::vector<LabelledText>> read_labelled_texts(std::span<const std::filesystem::path> files,
                                                      const ColumnNames& columns, ProblemType problem);

// Errors: invalid_argument when all texts have the same label, so that there is nothing to learn.
Status check_classes(std::span<const LabelledText> texts, ProblemType problem);

// The distinct labels of `texts` in order, where they are 0 .. n - 1 as "LABEL_0" .. : what a new head is to tell
// apart. Errors: invalid_argument (no label at all, a number left out, more than 1000).
Result<std::vector<std::string>> labels_of(std::span<const LabelledText> texts, ProblemType problem);

struct Example {
  TokenText tokens;
  std::vector<float> target;  // single_label: (1) the label's id; multi_label: (num_labels) of 0 and 1; regression:
                              // (num_labels) the values
  bool truncated = false;
};

// Labels are told by name or by number. Errors: invalid_argument: a label that the model does not have or that is no
// number, naming the place.
Result<std::vector<Example>> encode_examples(std::span<const LabelledText> texts, const Tokenizer& tokenizer,
                                             const BertConfig& config, size_t max_tokens);

// A hash of all tokens and targets in their order, by which a run knows its data again.
uint64_t fingerprint_of(std::span<const Example> examples);

}  // namespace latformer::train
