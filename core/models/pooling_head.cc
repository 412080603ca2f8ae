#include "core/models/pooling_head.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

namespace latformer {
namespace {

// The mean of a text's rows (n, d), each as often as the word-vectors that it stands for.
void mean_of(const LiveRows& rows, size_t d, const float* x, float* mean) {
  const size_t n = rows.count();
  const size_t ordinary = rows.positions.size();
  const auto total = static_cast<double>(ordinary + rows.rest_size);
  for (size_t k = 0; k < d; ++k) {
    double sum = 0;
    for (size_t i = 0; i < ordinary; ++i) sum += x[i * d + k];
    if (rows.has_rest()) sum += static_cast<double>(rows.rest_size) * x[(n - 1) * d + k];
    mean[k] = static_cast<float>(sum / total);
  }
}

}  // namespace

Result<std::unique_ptr<Head>> PoolingHead::create(const PoolingSettings& settings, size_t d) {
  auto head = std::make_unique<PoolingHead>();
  head->pooling_ = settings.asked ? settings.asked : std::make_shared<Pooling>(settings.pooling);
  head->max_tokens_ = settings.max_tokens;
  if (settings.dense) LATFORMER_TRY(head->read_dense(*settings.dense, d));
  return std::unique_ptr<Head>(std::move(head));
}

Status PoolingHead::read_dense(const DenseSettings& settings, size_t d) {
  kernels::Linear& linear = dense_.emplace();
  const LinearPart part{.name = "linear", .out = settings.out, .has_bias = settings.has_bias};
  WeightReader reader([](std::string_view stored) { return std::string(stored); }, Precision::f32,
                      [&](WeightReader& file) { return file.linear({part}, d, Precision::f32, &linear); });
  LATFORMER_TRY(reader.append(std::as_bytes(std::span(settings.weights))));
  LATFORMER_TRY(reader.finish());
  if (!settings.activation) return {};
  LATFORMER_ASSIGN(activation_, kernels::Activation::create(*settings.activation));
  return {};
}

Result<std::vector<std::vector<float>>> PoolingHead::run(const Threads& threads, const LastRows& rows) {
  const size_t texts = rows.texts.size();
  std::vector<std::vector<float>> results;
  results.reserve(texts);
  const float* x = rows.x;
  if (*pooling_ == Pooling::none) {
    for (const LiveRows& text : rows.texts) {
      const float* end = x + text.count() * rows.d;
      results.emplace_back(x, end);
      x = end;
    }
    return results;
  }
  LATFORMER_TRY(pooled_.reserve(volume({texts, rows.d})));
  for (size_t t = 0; t < texts; ++t) {
    float* pooled = pooled_.data() + t * rows.d;
    if (*pooling_ == Pooling::mean) {
      mean_of(rows.texts[t], rows.d, x, pooled);
    } else {
      std::copy_n(x, rows.d, pooled);
    }
    x += rows.texts[t].count() * rows.d;
  }
  const float* values = pooled_.data();
  size_t size = rows.d;
  if (dense_) {
    size = dense_->out();
    LATFORMER_TRY(result_.reserve(volume({texts, size})));
    LATFORMER_TRY(dense_->run(threads, texts, pooled_.data(), result_.data(), workspace_));
    if (activation_) LATFORMER_TRY(activation_->run(threads, texts * size, result_.data(), result_.data()));
    values = result_.data();
  }
  for (size_t t = 0; t < texts; ++t) results.emplace_back(values + t * size, values + (t + 1) * size);
  return results;
}

}  // namespace latformer
