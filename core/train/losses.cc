#include "core/train/losses.h"

#include <torch/torch.h>

namespace latformer::train {

torch::Tensor task_loss(const torch::Tensor& logits, const std::vector<const std::vector<float>*>& targets,
                        ProblemType problem) {
  std::vector<float> values;
  for (const std::vector<float>* target : targets) values.insert(values.end(), target->begin(), target->end());
  const torch::Tensor wanted = torch::tensor(values).to(logits.device());
  switch (problem) {
    case ProblemType::multi_label:
      return torch::binary_cross_entropy_with_logits(logits, wanted.view(logits.sizes()));
    case ProblemType::regression:
      return torch::mse_loss(logits, wanted.view(logits.sizes()));
    case ProblemType::single_label:
      break;
  }
  return torch::cross_entropy_loss(logits, wanted.to(torch::kLong));
}

torch::Tensor distillation_loss(const torch::Tensor& sub, const torch::Tensor& full, ProblemType problem) {
  const torch::Tensor wanted = full.detach();
  switch (problem) {
    case ProblemType::multi_label:
      return torch::binary_cross_entropy_with_logits(sub, torch::sigmoid(wanted));
    case ProblemType::regression:
      return torch::mse_loss(sub, wanted);
    case ProblemType::single_label:
      break;
  }
  const torch::Tensor log_full = torch::log_softmax(wanted, -1);
  return (log_full.exp() * (log_full - torch::log_softmax(sub, -1))).sum(-1).mean();
}

torch::Tensor hidden_loss(const torch::Tensor& sub, const torch::Tensor& full) {
  return torch::mse_loss(sub, full.detach());
}

}  // namespace latformer::train
