#include "core/models/bert/mask_head.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/kernels/dot_rows.h"
#include "core/kernels/rows.h"
#include "core/models/decoder/stored_rows.h"

namespace latformer {

Result<std::unique_ptr<Head>> MaskHead::create(const BertConfig& config, std::shared_ptr<const int32_t> mask) {
  auto head = std::make_unique<MaskHead>();
  head->config_ = config;
  head->mask_ = std::move(mask);
  LATFORMER_ASSIGN(head->activation_,
                   kernels::Activation::create(config.architecture->mask_activation.value_or(config.hidden_act)));
  return std::unique_ptr<Head>(std::move(head));
}

Status MaskHead::declare(WeightReader& file) {
  const BertModules& names = config_.architecture->modules;
  const std::string transform(names.mask_transform);
  if (!file.contains(transform + ".weight")) {
    return unsupported_model("model.safetensors: " + transform +
                             ".weight is missing, so this is no masked language model");
  }
  const size_t e = config_.embedding_size;
  LATFORMER_TRY(file.linear({{.name = transform, .out = e}}, config_.hidden_size, Precision::f32, &transform_));
  LATFORMER_TRY(file.norm(std::string(names.mask_norm), e, &norm_));
  return file.vector(std::string(names.mask_bias), config_.vocab_size, &bias_);
}

Result<std::vector<std::vector<float>>> MaskHead::run(const Threads& threads, const LastRows& rows) {
  std::vector<size_t> counts;  // of masked tokens in each text
  size_t total = 0;
  const size_t e = config_.embedding_size;
  for (const EncoderInput& input : rows.inputs) {
    counts.push_back(static_cast<size_t>(std::ranges::count(input.ids, *mask_)));
    total += counts.back();
  }
  LATFORMER_TRY(masked_.reserve(volume({total, rows.d})));
  LATFORMER_TRY(transformed_.reserve(volume({total, e})));
  const float* x = rows.x;
  float* masked = masked_.data();
  for (const EncoderInput& input : rows.inputs) {
    for (const int32_t id : input.ids) {
      if (id == *mask_) masked = std::copy_n(x, rows.d, masked);
      x += rows.d;
    }
  }
  if (total > 0) {
    float* t = transformed_.data();
    LATFORMER_TRY(transform_.run(threads, total, masked_.data(), t, workspace_));
    LATFORMER_TRY(activation_.run(threads, total * e, t, t));
    kernels::layer_norm(total, e, t, nullptr, norm_.gamma.data(), norm_.beta.data(), config_.layer_norm_eps, t);
  }
  const kernels::MatrixRows vocabulary = matrix_rows_of(*rows.word_embeddings);
  std::vector<std::vector<float>> results;
  const float* t = transformed_.data();
  for (const size_t count : counts) {
    std::vector<float>& logits = results.emplace_back(count * vocabulary.rows);
    for (float* of_token = logits.data(); of_token < logits.data() + logits.size(); of_token += vocabulary.rows) {
      LATFORMER_TRY(kernels::dot_rows(threads, Precision::f32, vocabulary, t, of_token, workspace_));
      for (size_t i = 0; i < vocabulary.rows; ++i) of_token[i] += bias_.data()[i];
      t += e;
    }
  }
  return results;
}

}  // namespace latformer
