// Buffer<T>: one aligned, fixed-size block of plain values for weights and activations.
//
// Unlike std::vector it reports a failed allocation as a Status (the wasm instance must survive it), does not
// initialise, and leaves a slack behind its end because SIMD kernels may read (never write) a little too far.
//
// Values that will not change any more may have several owners, in several threads: share().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <new>
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

// An instance of WebAssembly has a memory of its own, and nobody to share it with: there a buffer has one owner.
#ifdef __EMSCRIPTEN__
inline constexpr bool kBuffersAreShared = false;
#else
inline constexpr bool kBuffersAreShared = true;
#endif

// The memory of buffers: values, and how many owners they have in front of them.
class BufferMemory {
 public:
  // Memory for `size` values of `value_size` bytes, with one owner. Errors: out_of_memory.
  [[gnu::noinline]] static Status allocate(size_t size, size_t value_size, void** values) {
    const size_t limit = (std::numeric_limits<size_t>::max() - 2 * kBufferSlack - kHead) / value_size;
    if (size > limit) return out_of_memory("a buffer of " + std::to_string(size) + " values cannot be addressed");
    const size_t least = kHead + size * value_size + kBufferSlack;
    const size_t bytes = (least + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
    void* block = std::aligned_alloc(kBufferAlignment, bytes);
    if (block == nullptr) return out_of_memory("no memory for " + std::to_string(bytes) + " bytes");
    if constexpr (kBuffersAreShared) new (block) Owners(1);
    *values = static_cast<std::byte*>(block) + kHead;
    return {};
  }

  static void add_owner(void* values) { owners(values).fetch_add(1, std::memory_order_relaxed); }

  static void let_go(void* values) {
    if constexpr (kBuffersAreShared) {
      if (values == nullptr || owners(values).fetch_sub(1, std::memory_order_acq_rel) > 1) return;
      std::free(begin(values));
    } else {
      std::free(values);
    }
  }

 private:
  using Owners = std::atomic<size_t>;
  static constexpr size_t kHead = kBuffersAreShared ? kBufferAlignment : 0;
  static void* begin(void* values) { return static_cast<std::byte*>(values) - kHead; }
  static Owners& owners(void* values) { return *static_cast<Owners*>(begin(values)); }
};

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
  ~Buffer() { BufferMemory::let_go(data_); }

  // `size` uninitialised values; out_of_memory when they cannot be had.
  static Result<Buffer> allocate(size_t size) {
    void* values = nullptr;
    LATFORMER_TRY(BufferMemory::allocate(size, sizeof(T), &values));
    Buffer buffer;
    buffer.data_ = static_cast<T*>(values);
    buffer.size_ = size;
    return buffer;
  }

  // A further owner of the same values, which nobody may change from now on.
  Buffer share() const {
    if (data_ != nullptr) BufferMemory::add_owner(data_);
    Buffer other;
    other.data_ = data_;
    other.size_ = size_;
    return other;
  }

  // Makes room for at least `size` values; what was in the buffer is lost when it grows. Never shrinks.
  Status reserve(size_t size) {
    if (size <= size_) return {};
    BufferMemory::let_go(std::exchange(data_, nullptr));  // give the old block back first
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
