// The table of micro-kernels (micro/table.h) for the instruction set that a file including this one is compiled for.
#pragma once

#include "core/kernels/micro/dots.h"
#include "core/kernels/micro/rows.h"
#include "core/kernels/micro/tiles.h"
#include "core/kernels/micro/xnnpack.h"

namespace latformer::kernels {
namespace {

template <class Dot, int kRows, class Xnnpack>
constexpr MicroKernels table_of(std::string_view name) {
  return {.name = name,
          .fetches_ahead = kFetchesAhead,
          .f32_columns = kColumns,
          .f32_product = run_product<F32Tile>,
          .int8_columns = kColumns,
          .int8_group = Dot::kGroup,
          .int8_step = Dot::kStep,
          .int8_pairs = Dot::kStep > Dot::kGroup,
          .activation_size = sizeof(typename Dot::Activation),
          .int8_product = run_product<Int8Tile<Dot, kRows>>,
          .int4_product = run_product<Int4Tile<Dot, kInt4Rows>>,
          .f32_dots = f32_dots,
          .int8_dots = int8_dots,
          .int4_dots = int4_dots,
          .softmax_multiple = kWidth,
          .softmax_row = Xnnpack::softmax_row,
          .gelu = gelu_row,
          .tanh = Xnnpack::tanh,
          .silu_multiply = silu_multiply_row,
          .add_rows = add_rows,
          .quantize_row = quantize_row,
          .quantize_signed = quantize_signed,
          .arranged_multiple = 2 * kWidth * Int8Dot::kGroup,
          .arrange_int4 = arrange_int4};
}

}  // namespace
}  // namespace latformer::kernels
