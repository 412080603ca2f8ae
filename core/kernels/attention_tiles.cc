#include "core/kernels/attention_tiles.h"

#include <pthreadpool.h>

#include <algorithm>

namespace latformer::kernels {
namespace {

constexpr size_t kMinWorkToShare = size_t{1} << 20;  // multiply-adds: less is done before a thread wakes up

}  // namespace

size_t padded_keys(const MicroKernels& micro, size_t keys) {
  const size_t columns = std::max(micro.f32_columns, micro.softmax_multiple);
  return (keys + columns - 1) / columns * columns;
}

void pack_keys(const MicroKernels& micro, size_t head_size, StridedRows key, size_t there, size_t count,
               float* packed) {
  const size_t columns = micro.f32_columns;
  const size_t end = there + count;
  const size_t padded_end = (end + columns - 1) / columns * columns;
  for (size_t j = there; j < padded_end; ++j) {
    float* column = packed + j / columns * columns * head_size + j % columns;
    const float* from = j < end ? key.row(j - there) : nullptr;
    for (size_t k = 0; k < head_size; ++k) column[k * columns] = from != nullptr ? from[k] : 0;
  }
}

void attention_logits(const MicroKernels& micro, size_t head_size, StridedRows query, size_t count,
                      const float* packed_keys, size_t keys, const float* bias, float* logits) {
  const size_t columns = micro.f32_columns;
  const size_t width = padded_keys(micro, keys);
  micro.f32_product({.rows = count,
                     .in = head_size,
                     .out = width,
                     .x = query.values,
                     .x_stride = query.stride,
                     .x_rows = nullptr,
                     .weights = packed_keys,
                     .block_stride = columns * head_size,
                     .k_stride = columns,
                     .first_bytes = nullptr,
                     .bias = bias,
                     .y = logits,
                     .y_stride = width},
                    0, width / columns);
}

void attention_context(const MicroKernels& micro, size_t head_size, const float* probabilities, size_t width,
                       const uint32_t* rows, size_t count, StridedRows value, size_t keys, float* context,
                       size_t context_stride) {
  const size_t columns = micro.f32_columns;
  micro.f32_product({.rows = count,
                     .in = keys,
                     .out = head_size,
                     .x = probabilities,
                     .x_stride = width,
                     .x_rows = rows,
                     .weights = value.values,
                     .block_stride = columns,
                     .k_stride = value.stride,
                     .first_bytes = nullptr,
                     .bias = nullptr,
                     .y = context,
                     .y_stride = context_stride},
                    0, (head_size + columns - 1) / columns);
}

void for_each_head(const Threads& threads, size_t heads, uint64_t work, void (*function)(void* context, size_t head),
                   void* context) {
  pthreadpool_parallelize_1d(work < kMinWorkToShare ? nullptr : threads.pool(), function, context, heads, 0);
}

}  // namespace latformer::kernels
