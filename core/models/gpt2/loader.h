// model.safetensors -> GPT-2, while its bytes arrive: the one list of what its tensors are called.
//
// Files call their tensors with or without "transformer." before; their masks (attn.bias, attn.masked_bias) are passed
// over. What attention logits are scaled by is folded into the query weights.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "core/base/status.h"
#include "core/models/decoder/loader.h"
#include "core/models/gpt2/config.h"
#include "core/models/gpt2/weights.h"
#include "core/models/weight_reader.h"

namespace latformer {

class Gpt2Loader final : public DecoderLoader {
 public:
  // precision: of embeddings and linear layers; absent: as the file has them.
  Gpt2Loader(const Gpt2Config& config, std::optional<Precision> precision);
  WeightReader& reader() override { return reader_; }
  Result<std::unique_ptr<DecoderModel>> finish(Threads threads) override;
  const DecoderFacts& facts() const override { return facts_; }

 private:
  Status declare();
  Status declare_layer(size_t index);

  Gpt2Config config_;
  DecoderFacts facts_;
  Gpt2Weights weights_;
  WeightReader reader_;
};

}  // namespace latformer
