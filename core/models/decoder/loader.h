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
#include "core/models/room.h"
#include "core/models/weight_reader.h"

namespace latformer {

class DecoderLoader {
 public:
  virtual ~DecoderLoader() = default;
  // Takes the bytes of model.safetensors, or what another loader has made of them.
  virtual WeightReader& reader() = 0;
  Status append(std::span<const std::byte> bytes) { return reader().append(bytes); }
  // All bytes were given. Errors: bad_model (the file is too short). The loader is of no further use.
  virtual Result<std::unique_ptr<DecoderModel>> finish(Threads threads) = 0;
  virtual const DecoderFacts& facts() const = 0;
};

// Errors: out_of_memory, if the weights can never fit in that precision. Without one the header of the file decides.
inline Status check_room(const DecoderFacts& facts, std::optional<Precision> precision) {
  if (!precision) return {};
  const uint64_t weights = facts.weight_count();
  return check_room(precision == Precision::f32 ? 4 * weights : precision == Precision::int8 ? weights : weights / 2);
}

}  // namespace latformer
