// Weights as Hugging Face stores them -> the blocks of micro/table.h: packed[block][k / group][column][k % group].
//
// Whoever waits for a model waits for this, in code that WebAssembly engines have not optimised yet; hence whole
// vectors at a time, which need few instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/micro/table.h"

namespace latformer::kernels {

// weight(o, i) = (w - 8) * scales(o, i / group), w of 4 bits, two of them in a byte, the first in its low bits.
struct Int4Rows {
  const uint8_t* values;  // (out) rows of row_bytes
  size_t row_bytes;
  const float* scales;  // (out, in / group)
  size_t group;
};

// weight (out, in) -> packed (blocks, in, columns); what is past `out` is zero.
void pack_f32(size_t in, size_t out, size_t columns, const float* weight, float* packed);

// values (out, in) -> packed (blocks, groups, columns, group), in_padded / group of them, and the sum of each output's
// weights, sums (blocks, columns); what is past `in` and `out` is zero.
void pack_int8(size_t in, size_t in_padded, size_t out, size_t columns, size_t group, const int8_t* values,
               int8_t* packed, int32_t* sums);

// weight (out, in) of 4 bits -> packed (blocks, groups of weight.group), of each the scales (columns), then (group / 2
// group, columns, group) bytes with k in the low bits and k + group in the high ones; what is past `out` is zero.
void pack_int4(size_t in, size_t out, size_t columns, size_t group, const Int4Rows& weight, std::byte* packed);

// The first byte of each cache line of packed weights, which kernels that fetch ahead write over itself
// (micro/tiles.h). Errors: out_of_memory.
Result<Buffer<std::byte>> first_bytes_of(std::span<const std::byte> packed);

// What kernels that add four products in 16 bits cannot have in its place. They take groups a and b of a step together,
// and of each column's weights a0 a1 b0 b1 and a2 a3 b2 b3. With activations up to 127, those above and those below
// zero may add up to 32767 / 127 = 258; where they do not, which is rare in real weights, b's two weights move to a
// group of their own.
class Excess {
 public:
  // packed (blocks, groups, columns, 4), of which it takes out what does not fit; in_padded: a multiple of two groups.
  // Errors: out_of_memory.
  static Result<Excess> take(size_t in_padded, size_t blocks, size_t columns, int8_t* packed);

  Int8Excess view() const { return {ends_.data(), k_.data(), weights_.data()}; }
  Excess share() const;  // Buffer::share

 private:
  Buffer<uint32_t> ends_;
  Buffer<uint32_t> k_;
  Buffer<int8_t> weights_;
};

}  // namespace latformer::kernels
