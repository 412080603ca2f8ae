// What a step of training makes small.
//
//   task(logits, target)        single_label: mean of -log softmax(logits)[target]
//                               multi_label:  mean of binary cross-entropy of each label
//                               regression:   mean of (logit - target)^2
//                               embedding:    mean of |vector - target|^2 / |target|^2
//   distillation(sub, full)     the same measures against what the full model says, which is a constant here:
//                               KL(softmax(full) || softmax(sub)); binary cross-entropy with sigmoid(full); (sub -
//                               full)^2; |sub - full|^2 / |full|^2, of vectors of length 1 twice 1 - their cosine
//   importance(s, g)            mean over layers l < L of KL(I_l || s_l), both over the words behind [CLS]; g_l(j): the
//                               gradient of the task's loss by what is added to all attention towards word j in layer
//                               l; I_l(j) = sum over l' > l of |g_l'(j)|, made to sum to 1: how much it would matter if
//                               the word were dropped in layer l, to the first order
//   hidden(sub, full)           mean of (h_sub - h_full)^2; what the full model says is a constant here too
//   rows(sub, full)             the same of the ordinary rows that are kept, behind every inner layer, against the same
//                               words' rows of the full model
#pragma once

#include <torch/types.h>

#include <vector>

#include "core/format/labels.h"
#include "core/train/modules/module.h"

namespace latformer::train {

// targets[t] as in Example::target; logits (B, num_labels).
torch::Tensor task_loss(const torch::Tensor& logits, const std::vector<const std::vector<float>*>& targets,
                        ProblemType problem);
torch::Tensor distillation_loss(const torch::Tensor& sub, const torch::Tensor& full, ProblemType problem);
// scores: (L - 1) of (B, n), attributions: (L) of (B, 1, 1, n), both 0 where a text has no word.
torch::Tensor importance_loss(const std::vector<torch::Tensor>& scores, const std::vector<torch::Tensor>& attributions);
torch::Tensor hidden_loss(const torch::Tensor& sub, const torch::Tensor& full);  // of (B, d) each
// Both passes were told to record rows; they are of the same texts.
torch::Tensor rows_loss(const ForwardOutput& sub, const ForwardOutput& full);

}  // namespace latformer::train
