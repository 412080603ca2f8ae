// A block of the heap that JavaScript fills and C++ reads: how bytes come in.
#pragma once

#include <emscripten/val.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "bindings/wasm/convert.h"
#include "core/base/buffer.h"

namespace latformer {

class Staging {
 public:
  // A Uint8Array over `size` bytes of the block, or a failure. Memory may move: fill it before anything else is called.
  emscripten::val stage(size_t size) {
    const Status status = block_.reserve(size);
    if (!status.ok()) return failure(status);
    return emscripten::val(emscripten::typed_memory_view(size, reinterpret_cast<uint8_t*>(block_.data())));
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
  Buffer<std::byte> take() { return std::exchange(block_, {}); }

 private:
  Buffer<std::byte> block_;
};

}  // namespace latformer
