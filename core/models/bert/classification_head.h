// The head of a classifier, BertForSequenceClassification say:
//
//   logits = act(x[CLS] W_p + b_p) W_c + b_c          act: BertArchitecture::pooler_activation
#pragma once

#include <memory>

#include "core/base/buffer.h"
#include "core/kernels/activation.h"
#include "core/kernels/linear.h"
#include "core/models/bert/config.h"
#include "core/models/head.h"

namespace latformer {

class ClassificationHead final : public Head {
 public:
  static Result<std::unique_ptr<Head>> create(const BertConfig& config);

  Last reads() const override { return Last::one_row; }
  // The classifier stays f32 in any precision: it is small and decides.
  Status declare(WeightReader& file) override;
  // Logits, (num_labels) each.
  Result<std::vector<std::vector<float>>> run(const Threads& threads, const LastRows& rows) override;

  const kernels::Linear& pooler() const { return pooler_; }
  const kernels::Linear& classifier() const { return classifier_; }

 private:
  BertConfig config_;
  kernels::Linear pooler_;      // d -> d
  kernels::Linear classifier_;  // d -> num_labels
  kernels::Activation activation_;
  Buffer<float> pooled_;  // (texts, d)
  Buffer<float> logits_;  // (texts, num_labels)
  kernels::LinearWorkspace workspace_;
};

}  // namespace latformer
