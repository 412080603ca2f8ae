// Sentence embeddings: one vector for each text, of the rows that leave an encoder's last layer.
//
//   mean   e = sum_i size_i x_i / sum_i size_i      size: 1 for an ordinary row, for the rest row the word-vectors
//                                                   that it stands for, so that what was merged is still in the mean
//   cls    e = x[CLS]
//   dense  e = act(e W + b)                         if the model has one
//   none   all rows (n, d), as they are
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/buffer.h"
#include "core/kernels/activation.h"
#include "core/kernels/linear.h"
#include "core/models/head.h"

namespace latformer {

enum class Pooling { mean, cls, none };

// The layer behind the pooling, with weights in a file of its own.
struct DenseSettings {
  size_t out = 0;
  bool has_bias = true;
  std::optional<kernels::Activation::Kind> activation;  // none: the identity
  std::string_view weights;                             // a safetensors file, whole; "linear.weight", "linear.bias"
};

struct PoolingSettings {
  Pooling pooling = Pooling::mean;  // by default
  // What is asked for, by whoever runs the model: may be changed between calls. Absent: the default, always.
  std::shared_ptr<const Pooling> asked;
  std::optional<uint32_t> max_tokens;  // of a text; what is beyond is cut
  std::optional<DenseSettings> dense;
};

class PoolingHead final : public Head {
 public:
  // d: hidden_size. Errors: bad_model, unsupported_model (weights of the dense layer), out_of_memory.
  static Result<std::unique_ptr<Head>> create(const PoolingSettings& settings, size_t d);

  // All, whatever the pooling: it may be another one for the next call.
  Last reads() const override { return Last::all_rows; }
  std::optional<uint32_t> max_tokens() const override { return max_tokens_; }
  Status declare(WeightReader&) override { return {}; }
  Result<std::vector<std::vector<float>>> run(const Threads& threads, const LastRows& rows) override;

 private:
  Status read_dense(const DenseSettings& settings, size_t d);

  std::shared_ptr<const Pooling> pooling_;
  std::optional<uint32_t> max_tokens_;
  std::optional<kernels::Linear> dense_;
  std::optional<kernels::Activation> activation_;
  Buffer<float> pooled_;  // (texts, d)
  Buffer<float> result_;  // (texts, out) of the dense layer
  kernels::LinearWorkspace workspace_;
};

}  // namespace latformer
