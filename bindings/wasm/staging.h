// A block that JavaScript fills and C++ reads: how bytes come in.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "bindings/value/value.h"
#include "bindings/wasm/convert.h"

namespace latformer {

class Staging {
 public:
  // A Uint8Array over `size` bytes of the block, or a failure. Memory may move: fill it before anything else is called.
  val stage(size_t size) {
    const Status status = block_.reserve(size);
    if (!status.ok()) return failure(status);
    return block_.view(size);
  }

  // What there is room for.
  size_t size() const { return block_.size(); }

  // size <= size().
  std::span<const std::byte> bytes(size_t size) const { return {block_.data(), size}; }

  // `size` bytes from `begin` on, which moves behind them.
  std::string_view text(size_t& begin, size_t size) const {
    const auto* data = reinterpret_cast<const char*>(block_.data()) + begin;
    begin += size;
    return {data, size};
  }

  // The block itself; the next one is a new one.
  Block take() { return std::exchange(block_, {}); }

 private:
  Block block_;
};

}  // namespace latformer
