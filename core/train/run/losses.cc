#include "core/train/run/losses.h"

#include <algorithm>

#include "core/train/modules/torch.h"

namespace latformer::train {
namespace {

torch::Tensor distance_loss(const torch::Tensor& vectors, const torch::Tensor& wanted) {
  constexpr double kShortest = 1e-12;
  return ((vectors - wanted).pow(2).sum(-1) / wanted.pow(2).sum(-1).clamp_min(kShortest)).mean();
}

}  // namespace

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
    case ProblemType::embedding:
      return distance_loss(logits, wanted.view(logits.sizes()));
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
    case ProblemType::embedding:
      return distance_loss(sub, wanted);
    case ProblemType::single_label:
      break;
  }
  const torch::Tensor log_full = torch::log_softmax(wanted, -1);
  return (log_full.exp() * (log_full - torch::log_softmax(sub, -1))).sum(-1).mean();
}

torch::Tensor importance_loss(const std::vector<torch::Tensor>& scores,
                              const std::vector<torch::Tensor>& attributions) {
  constexpr double kSmall = 1e-12;
  const auto shares = [](const torch::Tensor& x) {  // (B, n - 1) from (B, n)
    const torch::Tensor words = x.slice(1, 1);
    return words / words.sum(1, true).clamp_min(kSmall);
  };
  torch::Tensor loss = torch::zeros({}, attributions.back().options());
  torch::Tensor later = torch::zeros_like(attributions.back());
  for (size_t layer = scores.size(); layer-- > 0;) {
    later = later + attributions[layer + 1].abs();
    const torch::Tensor wanted = shares(later.flatten(1));
    const torch::Tensor log_ratio = (wanted + kSmall).log() - (shares(scores[layer]) + kSmall).log();
    loss = loss + (wanted * log_ratio).sum(1).mean();
  }
  return loss / static_cast<double>(scores.size());
}

torch::Tensor hidden_loss(const torch::Tensor& sub, const torch::Tensor& full) {
  return torch::mse_loss(sub, full.detach());
}

torch::Tensor rows_loss(const ForwardOutput& sub, const ForwardOutput& full) {
  torch::Tensor loss = torch::zeros({}, sub.logits.options());
  for (size_t layer = 0; layer < sub.rows.size(); ++layer) {
    std::vector<int64_t> here, there;  // the same words' rows, in `sub` and in `full`
    int64_t first_here = 0, first_there = 0;
    for (size_t t = 0; t < sub.row_counts.size(); ++t) {
      const std::vector<uint32_t>& kept = sub.kept_positions[t][layer];
      for (size_t i = 0; i < kept.size(); ++i) {
        here.push_back(first_here + static_cast<int64_t>(i));
        there.push_back(first_there + kept[i]);  // nothing is dropped there: a row stands where its word does
      }
      first_here += sub.row_counts[t][layer];
      first_there += full.row_counts[t][layer];
    }
    const auto rows = [&](const torch::Tensor& of, const std::vector<int64_t>& which) {
      return of.index_select(0, torch::tensor(which).to(of.device()));
    };
    loss = loss + torch::mse_loss(rows(sub.rows[layer], here), rows(full.rows[layer].detach(), there));
  }
  return loss / static_cast<double>(std::max<size_t>(1, sub.rows.size()));
}

}  // namespace latformer::train
