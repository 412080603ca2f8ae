// model.safetensors of a BertForSequenceClassification -> BertWeights, while its bytes arrive.
//
//   header  -> every tensor that config.json calls for is there, in the right shape and a type that can be read
//   tensor  -> embedding tables stay as stored; of linear weights the parts of one product (query, key, value) wait for
//              each other and for the scales of int8, then are packed, as int8 or widened to f32, and let go
//
// Tensors may come in any order; names and number formats are those of core/format/weights.h. Tensors that the model
// has no use for (cls.*, position_ids) are passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/format/config.h"
#include "core/format/safetensors.h"
#include "core/format/weights.h"
#include "core/kernels/linear.h"
#include "core/models/bert_weights.h"
#include "core/models/tensor_stream.h"

namespace latformer {

class BertLoader final : private TensorSink {
 public:
  // precision: of embedding tables and linear layers, the classifier excepted, which is small and decides; absent: as
  // the file has them.
  explicit BertLoader(const BertConfig& config, std::optional<Precision> precision = {})
      : config_(config), precision_(precision), stream_(*this) {}
  BertLoader(const BertLoader&) = delete;  // tensors on their way point to it
  BertLoader& operator=(const BertLoader&) = delete;

  // The next bytes of model.safetensors. Errors: bad_model (naming the tensor and what was expected),
  // unsupported_model (no classifier or pooler, a type that cannot be read), out_of_memory.
  Status append(std::span<const std::byte> bytes) { return stream_.append(bytes); }

  // All bytes were given. Errors: bad_model (the file is too short). The loader is of no further use.
  Result<BertWeights> finish();

 private:
  using Done = std::function<Status()>;  // called once, when what was expected is complete
  struct LinearPart;
  struct StagedLinear;

  Status begin(const SafetensorsHeader& header) override;
  bool wants(size_t index) const override { return takers_[index] != nullptr; }
  Status take(size_t index, Buffer<std::byte> bytes) override { return takers_[index](std::move(bytes)); }

  // What the model consists of. Each tensor is checked against the header now, and stored at its target as it comes.
  Status expect_model();
  Status expect_layer(size_t index);
  Status expect_table(const std::string& name, size_t rows, StoredMatrix* table);
  Status expect_linear(std::vector<LinearPart> parts, size_t in, std::optional<Precision> precision,
                       kernels::Linear* linear);
  Status expect_norm(const std::string& name, LayerNormWeights* norm);
  Status expect_vector(const std::string& name, size_t size, Buffer<float>* vector, Done done);
  Status expect_matrix(const std::string& name, size_t rows, size_t columns, StoredMatrix* matrix, Done done);
  Status expect(const std::string& name, const StoredWeight& place, StoredMatrix* matrix, Done done);
  Status pack(StagedLinear& staged, kernels::Linear* linear);
  Status pack_f32(const StagedLinear& staged, kernels::Linear* linear);
  Status pack_int8(const StagedLinear& staged, kernels::Linear* linear);

  BertConfig config_;
  std::optional<Precision> precision_;
  BertWeights weights_;
  TensorStream stream_;
  std::optional<WeightIndex> file_;                               // the header's tensors by name
  std::vector<std::function<Status(Buffer<std::byte>)>> takers_;  // of each tensor of the header; null: not wanted

  // Of the product that is being packed.
  Buffer<float> staged_weight_, staged_bias_, staged_scales_;
  Buffer<int8_t> staged_int8_;
};

}  // namespace latformer
