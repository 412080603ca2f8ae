// What a step of training makes small.
//
//   task(logits, target)        single_label: mean of -log softmax(logits)[target]
//                               multi_label:  mean of binary cross-entropy of each label
//                               regression:   mean of (logit - target)^2
//   distillation(sub, full)     the same measures against what the full model says, which is a constant here:
//                               KL(softmax(full) || softmax(sub)); binary cross-entropy with sigmoid(full); (sub -
//                               full)^2
//   hidden(sub, full)           mean of (h_sub - h_full)^2; what the full model says is a constant here too
#pragma once

#include <torch/types.h>

#include <vector>

#include "core/format/config.h"

namespace latformer::train {

// targets[t] as in Example::target; logits (B, num_labels).
torch::Tensor task_loss(const torch::Tensor& logits, const std::vector<const std::vector<float>*>& targets,
                        ProblemType problem);
torch::Tensor distillation_loss(const torch::Tensor& sub, const torch::Tensor& full, ProblemType problem);
torch::Tensor hidden_loss(const torch::Tensor& sub, const torch::Tensor& full);  // of (B, d) each

}  // namespace latformer::train
