#include "core/train/report/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/train/data/random.h"

namespace latformer::train {
namespace {

double accuracy(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets) {
  size_t right = 0;
  for (size_t t = 0; t < logits.size(); ++t) {
    const auto best = std::max_element(logits[t].begin(), logits[t].end()) - logits[t].begin();
    if (best == static_cast<std::ptrdiff_t>((*targets[t])[0])) ++right;
  }
  return logits.empty() ? 0 : static_cast<double>(right) / static_cast<double>(logits.size());
}

double micro_f1(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets) {
  size_t both = 0, one = 0;
  for (size_t t = 0; t < logits.size(); ++t) {
    for (size_t k = 0; k < logits[t].size(); ++k) {
      const bool said = logits[t][k] > 0;
      const bool meant = (*targets[t])[k] > 0.5F;
      if (said && meant) ++both;
      if (said != meant) ++one;
    }
  }
  return both + one == 0 ? 1 : 2.0 * static_cast<double>(both) / static_cast<double>(2 * both + one);
}

double mean_cosine(std::span<const std::vector<float>> vectors, std::span<const std::vector<float>* const> targets) {
  double sum = 0;
  for (size_t t = 0; t < vectors.size(); ++t) {
    double xx = 0, yy = 0, xy = 0;
    for (size_t k = 0; k < vectors[t].size(); ++k) {
      const double x = vectors[t][k], y = (*targets[t])[k];
      xx += x * x;
      yy += y * y;
      xy += x * y;
    }
    if (xx > 0 && yy > 0) sum += xy / std::sqrt(xx * yy);
  }
  return vectors.empty() ? 0 : sum / static_cast<double>(vectors.size());
}

std::vector<double> ranks_of(std::span<const double> x) {
  std::vector<size_t> order(x.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return x[a] < x[b]; });
  std::vector<double> ranks(x.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && x[order[end]] == x[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
  }
  return ranks;
}

}  // namespace

std::string_view metric_name(ProblemType problem) {
  switch (problem) {
    case ProblemType::single_label:
      return "accuracy";
    case ProblemType::multi_label:
      return "micro F1";
    case ProblemType::regression:
      return "correlation";
    case ProblemType::embedding:
      return "cosine";
  }
  return "accuracy";
}

double pearson(std::span<const double> x, std::span<const double> y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

double spearman(std::span<const double> x, std::span<const double> y) { return pearson(ranks_of(x), ranks_of(y)); }

double metric_of(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                 ProblemType problem) {
  if (problem == ProblemType::single_label) return accuracy(logits, targets);
  if (problem == ProblemType::multi_label) return micro_f1(logits, targets);
  if (problem == ProblemType::embedding) return mean_cosine(logits, targets);
  std::vector<double> x, y;
  for (size_t t = 0; t < logits.size(); ++t) {
    x.insert(x.end(), logits[t].begin(), logits[t].end());
    y.insert(y.end(), targets[t]->begin(), targets[t]->end());
  }
  return (pearson(x, y) + spearman(x, y)) / 2;
}

Agreement agreement_of(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets) {
  std::vector<double> said, meant, right;  // texts of each class
  for (size_t t = 0; t < logits.size(); ++t) {
    const auto best = static_cast<size_t>(std::max_element(logits[t].begin(), logits[t].end()) - logits[t].begin());
    const auto target = static_cast<size_t>((*targets[t])[0]);
    for (std::vector<double>* counts : {&said, &meant, &right})
      counts->resize(std::max(counts->size(), logits[t].size()));
    ++said[best];
    ++meant[target];
    if (best == target) ++right[best];
  }
  const auto n = static_cast<double>(logits.size());
  double f1 = 0, classes = 0, all_right = 0, both = 0, said_twice = 0, meant_twice = 0;
  for (size_t k = 0; k < said.size(); ++k) {
    if (said[k] + meant[k] == 0) continue;
    ++classes;
    f1 += 2 * right[k] / (said[k] + meant[k]);
    all_right += right[k];
    both += said[k] * meant[k];
    said_twice += said[k] * said[k];
    meant_twice += meant[k] * meant[k];
  }
  const double spread = std::sqrt((n * n - said_twice) * (n * n - meant_twice));
  return {.f1 = classes > 0 ? f1 / classes : 0, .mcc = spread > 0 ? (all_right * n - both) / spread : 0};
}

double interval_of(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                   ProblemType problem) {
  constexpr int kResamples = 200;
  Random random(1, "interval");
  double sum = 0, squares = 0;
  std::vector<std::vector<float>> some(logits.size());
  std::vector<const std::vector<float>*> theirs(logits.size());
  for (int resample = 0; resample < kResamples; ++resample) {
    for (size_t t = 0; t < some.size(); ++t) {
      const uint64_t drawn = random.below(logits.size());
      some[t] = logits[drawn];
      theirs[t] = targets[drawn];
    }
    const double metric = metric_of(some, theirs, problem);
    sum += metric;
    squares += metric * metric;
  }
  const double mean = sum / kResamples;
  return 1.96 * std::sqrt(std::max(0.0, squares / kResamples - mean * mean));
}

}  // namespace latformer::train
