// Buffer<T>: one aligned, fixed-size block of plain values for weights and activations.
//
// Unlike std::vector it reports a failed allocation as a Status (the wasm instance must survive it), does not
// initialise, and leaves a slack behind its end because SIMD kernels may read (never write) a little too far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "core/base/status.h"

namespace latformer {

inline constexpr size_t kBufferAlignment = 64;
inline constexpr size_t kBufferSlack = 128;  // bytes; at least XNN_EXTRA_BYTES

// The product of sizes, which come from files: what is beyond the address space stays beyond it instead of wrapping
// around, so that Buffer refuses it.
inline size_t volume(std::initializer_list<uint64_t> sizes) {
  uint64_t product = 1;
  for (const uint64_t size : sizes) {
    if (__builtin_mul_overflow(product, size, &product)) return std::numeric_limits<size_t>::max();
  }
  return product > std::numeric_limits<size_t>::max() ? std::numeric_limits<size_t>::max()
                                                      : static_cast<size_t>(product);
}

template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  // clang-tidy takes the union inside std::optional<Buffer> for a second owner.
  ~Buffer() { std::free(data_); }  // NOLINT(clang-analyzer-unix.Malloc)

  // `size` uninitialised values; out_of_memory when they cannot be had.
  static Result<Buffer> allocate(size_t size) {
    constexpr size_t kLimit = (std::numeric_limits<size_t>::max() - 2 * kBufferSlack) / sizeof(T);
    if (size > kLimit) return out_of_memory("a buffer of " + std::to_string(size) + " values cannot be addressed");
    const size_t bytes = (size * sizeof(T) + kBufferSlack + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
    Buffer buffer;
    buffer.data_ = static_cast<T*>(std::aligned_alloc(kBufferAlignment, bytes));
    if (buffer.data_ == nullptr) return out_of_memory("no memory for " + std::to_string(bytes) + " bytes");
    buffer.size_ = size;
    return buffer;
  }

  // Makes room for at least `size` values; what was in the buffer is lost when it grows. Never shrinks.
  Status reserve(size_t size) {
    if (size <= size_) return {};
    std::free(std::exchange(data_, nullptr));  // give the old block back first
    size_ = 0;
    LATFORMER_ASSIGN(*this, allocate(size));
    return {};
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace latformer
