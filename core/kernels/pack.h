// Weights as Hugging Face stores them -> the blocks of micro.h: packed[block][k / group][column][k % group].
//
// Whoever waits for a model waits for this, in code that WebAssembly engines have not optimised yet; hence whole
// vectors at a time, which need few instructions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace latformer::kernels {

// weight (out, in) -> packed (blocks, in, columns); what is past `out` is zero.
void pack_f32(size_t in, size_t out, size_t columns, const float* weight, float* packed);

// values (out, in) -> packed (blocks, groups, columns, group) and the sum of each output's weights, sums (blocks,
// columns); what is past `in` and `out` is zero.
void pack_int8(size_t in, size_t out, size_t columns, size_t group, const int8_t* values, int8_t* packed,
               int32_t* sums);

}  // namespace latformer::kernels
