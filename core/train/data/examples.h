// Labelled texts, tokenised: what a model is trained and measured on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
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
  bool label_optional = false;  // without such a column texts have no labels
  std::string logits;           // what a larger model says of each text: a JSON list, or parted by spaces; empty: none
  char label_separator = ',';
};

struct LabelledText {
  std::string text;
  std::optional<std::string> pair;
  std::vector<std::string> labels;  // without spaces around them
  bool is_labelled = true;          // there was a column of labels
  std::vector<float> logits;        // of a larger model; none without such a column
  std::string place;                // file:line, for errors
};

// Errors: invalid_argument: a file that cannot be read, is empty, holds no text or what is not UTF-8, a column that is
// not there, an empty label (of several labels an empty field means that there is none), logits that are no numbers.
Result<std::vector<LabelledText>> read_labelled_texts(std::span<const std::filesystem::path> files,
                                                      const ColumnNames& columns, ProblemType problem);

// Errors: invalid_argument when all texts have the same label, so that there is nothing to learn.
Status check_classes(std::span<const LabelledText> texts, ProblemType problem);

// The labels that texts have and how many have each, in order; and what of them looks like a mistake, a sentence each:
// labels that differ by case or by spaces alone, labels of very few texts.
struct Classes {
  std::vector<std::pair<std::string, size_t>> counts;
  std::vector<std::string> warnings;
};
Classes classes_of(std::span<const LabelledText> texts);

// The distinct labels of `texts` in order, where they are 0 .. n - 1 as "LABEL_0" .. : what a new head is to tell
// apart. Errors: invalid_argument (no label at all, a number left out, numbers with decimals, more than 1000).
Result<std::vector<std::string>> labels_of(std::span<const LabelledText> texts, ProblemType problem);

struct Example {
  TokenText tokens;
  std::vector<float> target;  // single_label: (1) the label's id; multi_label: (num_labels) of 0 and 1; regression:
                              // (num_labels) the values
  std::vector<float> logits;  // of a larger model (num_labels); none if there is none
  bool truncated = false;
};

// Labels are told by name or by number; a text without any has no target. Errors: invalid_argument: a label that the
// model does not have or that is no number, another number of logits than of labels, naming the place.
Result<std::vector<Example>> encode_examples(std::span<const LabelledText> texts, const Tokenizer& tokenizer,
                                             const BertConfig& config, size_t max_tokens);

// A hash of all tokens, targets and logits in their order, by which a run knows its data again.
uint64_t fingerprint_of(std::span<const Example> examples);

}  // namespace latformer::train
