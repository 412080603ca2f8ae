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

// x (out, row_bytes) -> packed (blocks, groups, columns) of T, a group of bytes of a row, groups = padded_bytes / T's.
template <class T>
void pack(size_t row_bytes, size_t padded_bytes, size_t out, size_t columns, const std::byte* x, std::byte* packed) {
  constexpr size_t kCount = Lanes<T>::kCount;
  const size_t whole = row_bytes / sizeof(T);
  const size_t rest = row_bytes % sizeof(T);
  const size_t block_bytes = padded_bytes * columns;
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

constexpr size_t kGroup = 4;
constexpr int16_t kMostOfFour = INT16_MAX / kInt8Levels;

// a (columns, group) and b, which are taken together: whether any four weights are too large for each other.
bool exceeds(size_t columns, const int8_t* a, const int8_t* b) {
  using Pairs = Lanes<int16_t>::Vector;  // in each lane two weights
  const auto low = [](Pairs pairs) { return (pairs << 8) >> 8; };
  const auto high = [](Pairs pairs) { return pairs >> 8; };
  const auto above_zero = [](Pairs v) { return v & (v > 0); };
  Pairs found{};
  for (size_t i = 0; i < columns * kGroup; i += sizeof(Pairs)) {
    Pairs in_a, in_b;
    std::memcpy(&in_a, a + i, sizeof(Pairs));
    std::memcpy(&in_b, b + i, sizeof(Pairs));
    const Pairs all = low(in_a) + high(in_a) + low(in_b) + high(in_b);
    const Pairs above = above_zero(low(in_a)) + above_zero(high(in_a)) + above_zero(low(in_b)) + above_zero(high(in_b));
    found |= (above > kMostOfFour) | (above - all > kMostOfFour);
  }
  uint64_t halves[2];
  std::memcpy(halves, &found, sizeof(halves));
  return (halves[0] | halves[1]) != 0;
}

// Moves from b to rest (columns, group), which is zero, what `exceeds` has found.
void move_excess(size_t columns, const int8_t* a, int8_t* b, int8_t* rest) {
  for (size_t i = 0; i < columns * kGroup; i += 2) {
    int above = 0;
    int below = 0;
    for (const int8_t weight : {a[i], a[i + 1], b[i], b[i + 1]}) (weight > 0 ? above : below) += weight;
    if (above <= kMostOfFour && -below <= kMostOfFour) continue;
    for (size_t j = i; j < i + 2; ++j) std::swap(b[j], rest[j]);
  }
}

template <class To, class From>
To* bytes_of(From* values) {
  return reinterpret_cast<To*>(values);
}

}  // namespace

void pack_f32(size_t in, size_t out, size_t columns, const float* weight, float* packed) {
  static_assert(sizeof(float) == sizeof(uint32_t));
  const size_t bytes = in * sizeof(float);
  pack<uint32_t>(bytes, bytes, out, columns, bytes_of<const std::byte>(weight), bytes_of<std::byte>(packed));
}

void pack_int8(size_t in, size_t in_padded, size_t out, size_t columns, size_t group, const int8_t* values,
               int8_t* packed, int32_t* sums) {
  assert(group == 1 || group == 2 || group == 4);
  const auto pack_groups = group == 4 ? pack<uint32_t> : group == 2 ? pack<uint16_t> : pack<uint8_t>;
  pack_groups(in, in_padded, out, columns, bytes_of<const std::byte>(values), bytes_of<std::byte>(packed));

  std::fill_n(sums, (out + columns - 1) / columns * columns, 0);
  for (size_t o = 0; o < out; ++o, values += in) {
    for (size_t k = 0; k < in; ++k) sums[o] += values[k];
  }
}

void pack_int4(size_t in, size_t out, size_t columns, size_t group, const Int4Rows& weight, std::byte* packed) {
  assert(weight.group % (2 * group) == 0);
  const size_t groups = in / weight.group;
  for (size_t first = 0; first < out; first += columns) {
    const size_t end = std::min(first + columns, out);
    const size_t padding = first + columns - end;
    for (size_t g = 0; g < groups; ++g) {
      for (size_t o = first; o < end; ++o, packed += sizeof(float)) {
        std::memcpy(packed, weight.scales + o * groups + g, sizeof(float));
      }
      packed = std::fill_n(packed, padding * sizeof(float), std::byte{0});
      for (size_t k = g * weight.group; k < (g + 1) * weight.group; k += 2 * group) {
        for (size_t o = first; o < end; ++o) {
          const uint8_t* row = weight.values + o * weight.row_bytes;
          for (size_t i = k; i < k + group; ++i) {
            const size_t high = i + group;
            const uint32_t low_bits = row[i / 2] >> i % 2 * 4 & 15U;
            const uint32_t high_bits = row[high / 2] >> high % 2 * 4 & 15U;
            *packed++ = static_cast<std::byte>(low_bits | high_bits << 4);
          }
        }
        packed = std::fill_n(packed, padding * group, std::byte{0});
      }
    }
  }
}

Result<Buffer<std::byte>> first_bytes_of(std::span<const std::byte> packed) {
  LATFORMER_ASSIGN(Buffer<std::byte> result,
                   Buffer<std::byte>::allocate((packed.size() + kLineBytes - 1) / kLineBytes));
  for (size_t line = 0; line < result.size(); ++line) result[line] = packed[line * kLineBytes];
  return result;
}

Excess Excess::share() const {
  Excess other;
  other.ends_ = ends_.share();
  other.k_ = k_.share();
  other.weights_ = weights_.share();
  return other;
}

Result<Excess> Excess::take(size_t in_padded, size_t blocks, size_t columns, int8_t* packed) {
  assert(in_padded % (2 * kGroup) == 0);
  const size_t group_bytes = columns * kGroup;
  const size_t steps = in_padded / (2 * kGroup);
  const auto first_of = [&](size_t block, size_t k) { return packed + (block * in_padded + k) * columns; };
  Excess excess;
  LATFORMER_ASSIGN(excess.ends_, Buffer<uint32_t>::allocate(blocks));
  LATFORMER_ASSIGN(Buffer<uint32_t> found, Buffer<uint32_t>::allocate(blocks * steps));
  uint32_t count = 0;
  for (size_t block = 0; block < blocks; ++block) {
    for (size_t k = 0; k < in_padded; k += 2 * kGroup) {
      const int8_t* a = first_of(block, k);
      if (exceeds(columns, a, a + group_bytes)) found[count++] = static_cast<uint32_t>(k + kGroup);
    }
    excess.ends_[block] = count;
  }
  LATFORMER_ASSIGN(excess.k_, Buffer<uint32_t>::allocate(count));
  LATFORMER_ASSIGN(excess.weights_, Buffer<int8_t>::allocate(count * group_bytes));
  std::copy_n(found.data(), count, excess.k_.data());
  std::fill_n(excess.weights_.data(), count * group_bytes, int8_t{0});
  for (uint32_t group = 0, block = 0; group < count; ++group) {
    while (group >= excess.ends_[block]) ++block;
    int8_t* b = first_of(block, found[group]);
    move_excess(columns, b - group_bytes, b, excess.weights_.data() + group * group_bytes);
  }
  return excess;
}

}  // namespace latformer::kernels
