// model.safetensors -> Llama, while its bytes arrive: the one list of what its tensors are called.
//
// Files call their tensors with or without "model." before. 1 / sqrt(head_dim) is folded into the query weights.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "core/base/status.h"
#include "core/models/decoder/loader.h"
#include "core/models/llama/config.h"
#include "core/models/llama/weights.h"
#include "core/models/weight_reader.h"

namespace latformer {

class LlamaLoader final : public DecoderLoader {
 public:
  // precision: of embeddings and linear layers; absent: as the file has them.
  LlamaLoader(const LlamaConfig& config, std::optional<Precision> precision);
  WeightReader& reader() override { return reader_; }
  Result<std::unique_ptr<DecoderModel>> finish(Threads threads) override;
  const DecoderFacts& facts() const override { return facts_; }

 private:
  Status declare();
  Status declare_layer(size_t index);

  LlamaConfig config_;
  DecoderFacts facts_;
  LlamaWeights weights_;
  WeightReader reader_;
};

}  // namespace latformer
