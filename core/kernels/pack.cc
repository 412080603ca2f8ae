#include "core/kernels/pack.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace latformer::kernels {
namespace {

// 16 bytes as lanes of T.
template <class T>
struct Lanes {
  typedef T Vector __attribute__((vector_size(16)));  // NOLINT(modernize-use-using): GCC drops it from an alias
  static constexpr size_t kCount = sizeof(Vector) / sizeof(T);

  // a[first] b[first] a[first + 1] b[first + 1] ...
  template <size_t first, size_t... i>
  static Vector interleave(const Vector& a, const Vector& b, std::index_sequence<i...> /*lanes*/) {
    return __builtin_shufflevector(a, b, (first + i / 2 + i % 2 * kCount)...);
  }

  // to (kCount, columns) = x (columns, kCount) transposed, rows of x `stride` bytes apart. columns: a multiple of
  // kCount.
  static void transpose(size_t columns, const std::byte* x, size_t stride, std::byte* to) {
    constexpr size_t kHalf = kCount / 2;
    constexpr auto kAll = std::make_index_sequence<kCount>();
    for (size_t column = 0; column < columns; column += kCount) {
      Vector rows[kCount], mixed[kCount];
      for (size_t i = 0; i < kCount; ++i) std::memcpy(&rows[i], x + (column + i) * stride, sizeof(Vector));
      for (size_t round = kCount; round > 1; round /= 2) {  // one for each bit of a lane's number
        for (size_t i = 0; i < kHalf; ++i) {
          mixed[2 * i] = interleave<0>(rows[i], rows[i + kHalf], kAll);
          mixed[2 * i + 1] = interleave<kHalf>(rows[i], rows[i + kHalf], kAll);
        }
        std::copy_n(mixed, kCount, rows);
      }
      for (size_t i = 0; i < kCount; ++i)
        std::memcpy(to + (i * columns + column) * sizeof(T), &rows[i], sizeof(Vector));
    }
  }
};

// x (out, row_bytes) -> packed (blocks, groups, columns) of T, a group of bytes of a row.
template <class T>
void pack(size_t row_bytes, size_t out, size_t columns, const std::byte* x, std::byte* packed) {
  constexpr size_t kCount = Lanes<T>::kCount;
  const size_t whole = row_bytes / sizeof(T);
  const size_t rest = row_bytes % sizeof(T);
  const size_t block_bytes = (whole + (rest > 0 ? 1 : 0)) * columns * sizeof(T);
  for (size_t first = 0; first < out; first += columns, x += columns * row_bytes, packed += block_bytes) {
    const size_t there = std::min(columns, out - first);
    size_t k = 0;
    if (there == columns && columns % kCount == 0) {
      for (; k + kCount <= whole; k += kCount) {
        Lanes<T>::transpose(columns, x + k * sizeof(T), row_bytes, packed + k * columns * sizeof(T));
      }
    }
    std::memset(packed + k * columns * sizeof(T), 0, block_bytes - k * columns * sizeof(T));
    for (; k * sizeof(T) < row_bytes; ++k) {
      const size_t size = k < whole ? sizeof(T) : rest;
      for (size_t c = 0; c < there; ++c) {
        std::memcpy(packed + (k * columns + c) * sizeof(T), x + c * row_bytes + k * sizeof(T), size);
      }
    }
  }
}

template <class To, class From>
To* bytes_of(From* values) {
  return reinterpret_cast<To*>(values);
}

}  // namespace

void pack_f32(size_t in, size_t out, size_t columns, const float* weight, float* packed) {
  static_assert(sizeof(float) == sizeof(uint32_t));
  pack<uint32_t>(in * sizeof(float), out, columns, bytes_of<const std::byte>(weight), bytes_of<std::byte>(packed));
}

void pack_int8(size_t in, size_t out, size_t columns, size_t group, const int8_t* values, int8_t* packed,
               int32_t* sums) {
  assert(group == 1 || group == 2 || group == 4);
  const auto pack_groups = group == 4 ? pack<uint32_t> : group == 2 ? pack<uint16_t> : pack<uint8_t>;
  pack_groups(in, out, columns, bytes_of<const std::byte>(values), bytes_of<std::byte>(packed));

  std::fill_n(sums, (out + columns - 1) / columns * columns, 0);
  for (size_t o = 0; o < out; ++o, values += in) {
    for (size_t k = 0; k < in; ++k) sums[o] += values[k];
  }
}

}  // namespace latformer::kernels
