// model.safetensors, while its bytes arrive -> a decoder, whichever it is.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/status.h"
#include "core/kernels/linear.h"
#include "core/kernels/threads.h"
#include "core/models/decoder/decoder.h"

namespace latformer {

class DecoderLoader {
 public:
  virtual ~DecoderLoader() = default;
  // The next bytes of model.safetensors. Errors: those of WeightReader.
  virtual Status append(std::span<const std::byte> bytes) = 0;
  // All bytes were given. Errors: bad_model (the file is too short). The loader is of no further use.
  virtual Result<std::unique_ptr<DecoderModel>> finish(Threads threads) = 0;
  virtual const DecoderFacts& facts() const = 0;
};

// Errors: out_of_memory, naming both, if the weights of linear layers and embeddings take more than `limit` bytes where
// each takes `bytes_each`.
Status check_fits(const DecoderFacts& facts, uint64_t bytes_each, uint64_t limit);

// What can be addressed here at all.
uint64_t address_space();

}  // namespace latformer
