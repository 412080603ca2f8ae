// A linear layer over every token: a label for each word (BertForTokenClassification), or how likely an answer begins
// and ends there (BertForQuestionAnswering).
//
//   logits (n, outputs) = x W + b           x: LastStates
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/buffer.h"
#include "core/kernels/linear.h"
#include "core/models/bert/config.h"
#include "core/models/head.h"

namespace latformer {

class TokenHead final : public Head {
 public:
  static std::unique_ptr<Head> of_labels(const BertConfig& config);
  static std::unique_ptr<Head> of_answers(const BertConfig& config);

  // The layer's name in the file, d -> outputs; and what a model is for that has it, for errors.
  TokenHead(std::string_view layer, size_t d, size_t outputs, std::string_view what)
      : layer_(layer), width_(d), outputs_(outputs), what_(what) {}

  Last reads() const override { return Last::all_rows; }
  bool reads_dropped() const override { return true; }
  Status declare(WeightReader& file) override;
  Result<std::vector<std::vector<float>>> run(const Threads& threads, const LastRows& rows) override;

 private:
  std::string layer_;
  size_t width_;
  size_t outputs_;
  std::string what_;
  kernels::Linear linear_;
  Buffer<float> logits_;  // (tokens of all texts, outputs)
  kernels::LinearWorkspace workspace_;
};

}  // namespace latformer
