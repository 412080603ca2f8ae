#include "core/train/report/confidence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace latformer::train {
namespace {

double log_1p_exp(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double log_sum_exp(const std::vector<float>& logits, double temperature) {
  const double most = *std::max_element(logits.begin(), logits.end()) / temperature;
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit / temperature - most);
  return most + std::log(sum);
}

double mean_loss(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                 ProblemType problem, double temperature) {
  double loss = 0;
  for (size_t t = 0; t < logits.size(); ++t) {
    if (problem == ProblemType::single_label) {
      const auto label = static_cast<size_t>((*targets[t])[0]);
      loss += log_sum_exp(logits[t], temperature) - logits[t][label] / temperature;
      continue;
    }
    for (size_t k = 0; k < logits[t].size(); ++k) {
      loss += log_1p_exp(((*targets[t])[k] > 0.5F ? -1 : 1) * logits[t][k] / temperature);
    }
  }
  return loss / static_cast<double>(logits.size());
}

struct Bins {
  std::array<double, 10> score{}, right{};
  double count = 0;

  void add(double s, bool r) {
    const auto bin = std::min<size_t>(9, static_cast<size_t>(s * 10));
    score[bin] += s;
    right[bin] += r ? 1 : 0;
    ++count;
  }
  double error() const {
    double sum = 0;
    for (size_t bin = 0; bin < score.size(); ++bin) sum += std::abs(score[bin] - right[bin]);
    return count > 0 ? sum / count : 0;
  }
};

}  // namespace

double temperature_of(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                      ProblemType problem) {
  // The loss has one minimum in 1 / T; golden sections find it in log T.
  constexpr int kSteps = 60;
  const double golden = 1 / std::numbers::phi;
  const auto loss = [&](double log_t) { return mean_loss(logits, targets, problem, std::exp(log_t)); };
  double low = std::log(0.05), high = std::log(20);
  double a = high - golden * (high - low), b = low + golden * (high - low);
  double loss_a = loss(a), loss_b = loss(b);
  for (int step = 0; step < kSteps; ++step) {
    if (loss_a <= loss_b) {
      high = b;
      b = a;
      loss_b = loss_a;
      a = high - golden * (high - low);
      loss_a = loss(a);
    } else {
      low = a;
      a = b;
      loss_a = loss_b;
      b = low + golden * (high - low);
      loss_b = loss(b);
    }
  }
  return std::exp((low + high) / 2);
}

double confidence_error(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                        ProblemType problem) {
  Bins bins;
  for (size_t t = 0; t < logits.size() && problem != ProblemType::regression; ++t) {
    if (problem == ProblemType::single_label) {
      const auto best = std::max_element(logits[t].begin(), logits[t].end());
      bins.add(std::exp(*best - log_sum_exp(logits[t], 1)),
               best - logits[t].begin() == static_cast<std::ptrdiff_t>((*targets[t])[0]));
      continue;
    }
    for (size_t k = 0; k < logits[t].size(); ++k) {
      bins.add(1 / (1 + std::exp(-static_cast<double>(logits[t][k]))), (*targets[t])[k] > 0.5F);
    }
  }
  return bins.error();
}

}  // namespace latformer::train
