// Micro-kernels: the inner loops of matrix products, once for every instruction set, behind one table of functions.
//
// Weights are packed in blocks of `columns` outputs, so that a tile of rows x columns sums stays in registers while k
// runs:
//
//   f32    packed[block][k][column]
//          y = x W^T + bias
//   int8   packed[block][k / group][column][k % group]
//          y = (sum_k (q - zero) w) * row scale * column scale + bias
//   int4   packed[block][G][k / 2 group][column][k % group]
//          y = (sum_G (sum_(k in G) q (w - 8)) * scale of G) * row scale + bias
//
// where k of int8 is padded with zeros to a multiple of `int8_step`, which a tile takes at a time. A byte of int4 holds
// two weights, w in 0 .. 15: that of k in its low bits, that of k + group in its high ones. G are the file's groups of
// weights with one scale, each a multiple of 2 group long; the scales of all columns stand in front of a G, so that all
// that a tile wants from memory is one stream.
//
// int8 follows "dynamic quantisation": each row of x becomes q = round(x / scale) + zero in 0 .. 127 with a scale of
// its own, weights keep a scale for each output. Sums are exact integers and the rest is rounded in one prescribed
// order, so that every instruction set gives the same bits (micro/scalar.cc says which).
//
// Weights of 4 bits are small enough to be the operand without a sign: rows of x become q = round(x / scale) in
// -127 .. 127 for them.
//
// A row's result never depends on the rows beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace latformer::kernels {

inline constexpr int kInt8Levels = 127;   // the largest q
inline constexpr size_t kLineBytes = 64;  // of a cache line

// One row of x as int8: x is about scale * (q - zero).
struct RowScale {
  float scale;
  int32_t zero;
};

// What a product is made of. A call computes all rows of blocks [first_block, last_block).
struct F32Product {
  size_t rows, in, out;
  const float* x;  // (rows, in), rows x_stride apart
  size_t x_stride;
  const uint32_t* x_rows;  // (rows) which rows of x; null: 0, 1, 2, ...
  const float* weights;    // w(block, k, column) at block * block_stride + k * k_stride + column
  size_t block_stride, k_stride;
  const std::byte* first_bytes;  // of the weights' cache lines, for tables that fetch ahead; null: nothing is fetched
  const float* bias;             // (blocks, columns); null: none
  float* y;                      // (rows, out), rows y_stride apart
  size_t y_stride;
};
// Groups of weights that are added to those of a block once more, for kernels that cannot have all in one place
// (pack.h): those of block b are [ends[b - 1], ends[b]), each with the k that it begins at.
struct Int8Excess {
  const uint32_t* ends;   // (blocks); null: there are none
  const uint32_t* k;      // (groups)
  const int8_t* weights;  // (groups, columns, group)
};
struct Int8Product {
  size_t rows, in_padded, out;
  const void* x;                 // (rows, in_padded) of the table's activation type
  const RowScale* scales;        // (rows)
  const int8_t* weights;         // packed
  const std::byte* first_bytes;  // as above
  Int8Excess excess;
  const float* column_scales;  // (blocks, columns)
  const int32_t* column_sums;  // (blocks, columns): sum over k of the weights
  const float* bias;           // (blocks, columns)
  float* y;                    // (rows, out)
};

struct Int4Product {
  size_t rows, in, group, out;
  const void* x;                           // (rows, in) of the table's activation type, but with a sign
  const float* scales;                     // (rows)
  const int32_t* offsets;                  // (rows, in / group): -8 times the sum of a group of q
  const std::byte* weights;                // packed, with scales
  const std::byte* first_bytes = nullptr;  // nothing is fetched ahead
  const float* bias;                       // (blocks, columns)
  float* y;                                // (rows, out)
};

// Rows of a matrix that lies as the file has it, (rows, columns), times one row of x.
struct F32Dots {
  size_t rows, columns;
  const float* matrix;
  const float* x;
  float* y;  // (rows)
};
struct Int8Dots {
  size_t rows, columns;
  const int8_t* matrix;
  const float* scales;  // (rows)
  const int32_t* sums;  // (rows) of each row's values
  const void* x;        // (columns) of the table's activation type
  RowScale scale;       // of x
  float* y;             // (rows) = (sum_k q w - zero sum_k w), times scale, times the row's
};

struct Int4Dots {
  size_t rows, columns, group;
  const uint8_t* matrix;  // two columns in a byte, the first in its low bits
  size_t row_bytes;
  const float* scales;     // (rows, columns / group)
  const void* x;           // as arrange_int4 has left it
  const int32_t* offsets;  // likewise
  float scale;             // of x
  float* y;                // (rows)
};

struct MicroKernels {
  std::string_view name;  // for people
  bool fetches_ahead;     // whether products use first_bytes

  size_t f32_columns;
  void (*f32_product)(const F32Product& product, size_t first_block, size_t last_block);

  size_t int8_columns;
  size_t int8_group, int8_step;
  bool int8_pairs;         // whether it takes groups in pairs that are added up in 16 bits (Int8Excess)
  size_t activation_size;  // bytes of one q
  void (*int8_product)(const Int8Product& product, size_t first_block, size_t last_block);
  void (*int4_product)(const Int4Product& product, size_t first_block, size_t last_block);
  void (*f32_dots)(const F32Dots& dots);
  void (*int8_dots)(const Int8Dots& dots);
  void (*int4_dots)(const Int4Dots& dots);

  // x (n) = softmax(x), n a multiple of softmax_multiple; x lies in a Buffer, past whose end it may read.
  size_t softmax_multiple;
  void (*softmax_row)(size_t n, float* x);
  // y (n) = x / 2 (1 + erf(x / sqrt 2)), x (n); y may be x.
  void (*gelu)(size_t n, const float* x, float* y);
  // y (n) = tanh(x), x (n); y may be x. Both lie in a Buffer, past whose end it may read.
  void (*tanh)(size_t n, const float* x, float* y);
  // y (n) = x / (1 + e^-x) * factor, x and factor (n); y may be either.
  void (*silu_multiply)(size_t n, const float* x, const float* factor, float* y);
  // sums (n) += the sum over the rows of x (rows, n), n as above.
  void (*add_rows)(size_t rows, size_t n, const float* x, float* sums);

  // One row: q (in_padded) and its scale, from x (in). What is padded is zero.
  RowScale (*quantize_row)(size_t in, size_t in_padded, const float* x, void* q);

  // One row with a sign: q (in) and its scale, from x (in).
  float (*quantize_signed)(size_t in, const float* x, void* q);
  // For int4_dots: arranged (columns) of the activation type, from q (columns), and offsets, -8 times the sum of the q
  // that one lane meets. Both are padded to a multiple of arranged_multiple columns; of offsets there are as many as
  // 2 int8_group goes into these.
  size_t arranged_multiple;
  void (*arrange_int4)(size_t columns, const void* q, void* arranged, int32_t* offsets);
};

// The reference that the others are compared with: plain loops, which read like the formulas.
extern const MicroKernels kScalarKernels;

// All that this processor can run, the reference first and the fastest last.
std::vector<const MicroKernels*> available_micro_kernels();
const MicroKernels& micro_kernels();  // the fastest, or what LATFORMER_KERNELS names (natively)
// Errors: invalid_argument, LATFORMER_KERNELS names none that this processor can run. The fastest run then.
Status check_choice();

}  // namespace latformer::kernels
