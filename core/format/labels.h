// The labels of a classifier, and how its logits become scores: id2label, label2id, num_labels and problem_type of
// config.json.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/format/json.h"

namespace latformer {

// How logits become scores: softmax over all, sigmoid of each, or as they are. A vector for each text is no logits and
// has no labels; no config.json names it, but it can be learned (core/train).
enum class ProblemType { single_label, multi_label, regression, embedding };

// As config.json has it, e.g. "single_label_classification".
std::string_view name_of(ProblemType type);

// id2label in order of id; without it the names in label2id, else "LABEL_0", ... for num_labels (2 by default).
// Errors: bad_model (ids that are not 0, 1, ...; another number of them than num_labels).
Result<std::vector<std::string>> parse_labels(const JsonValue& config);

// problem_type; where that is absent or null, what transformers' text-classification pipeline then does: sigmoid for a
// single label, softmax for several. Errors: bad_model (softmax over one label), unsupported_model (an unknown name).
Result<ProblemType> parse_problem_type(const JsonValue& config, size_t num_labels);

}  // namespace latformer
