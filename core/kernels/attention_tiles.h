// What full and causal attention are made of: blocks of keys, and panels of queries whose rows of A never leave the
// cache. For one head, whose keys and values are rows of dh values:
//
//   A       = softmax(Q K^T + bias)     (queries, keys)
//   context = A V                       (queries, dh)
//
// Rows of A end at a whole block, so that no kernel meets a part of a vector; what is beyond the keys comes out as next
// to nothing, and is not read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/kernels/micro/table.h"
#include "core/kernels/threads.h"

namespace latformer::kernels {

inline constexpr size_t kPanel = 24;  // queries at a time: a multiple of the rows of every tile

// Rows of several heads' values side by side, `stride` apart; `values` may point to one of the heads.
struct StridedRows {
  const float* values;
  size_t stride;
  const float* row(size_t i) const { return values + i * stride; }
  StridedRows from(size_t first_row, size_t first_value) const { return {row(first_row) + first_value, stride}; }
};

// How long a row of A is for so many keys.
size_t padded_keys(const MicroKernels& micro, size_t keys);

// Turns `count` keys of one head into packed (blocks, dh, columns), which has `there` of them already; columns of the
// last block past the last key become zero.
void pack_keys(const MicroKernels& micro, size_t head_size, StridedRows key, size_t there, size_t count, float* packed);

// logits (count, padded_keys) = Q K^T + bias, of `count` queries of one head; bias (padded_keys) or null.
void attention_logits(const MicroKernels& micro, size_t head_size, StridedRows query, size_t count,
                      const float* packed_keys, size_t keys, const float* bias, float* logits);

// context (count, dh), rows context_stride apart, = rows of A, `width` apart, times one head's values. `rows` says
// which rows of A; null: the first `count`.
void attention_context(const MicroKernels& micro, size_t head_size, const float* probabilities, size_t width,
                       const uint32_t* rows, size_t count, StridedRows value, size_t keys, float* context,
                       size_t context_stride);

// function(head) for each head, on several threads if there are so many multiply-adds that it pays.
void for_each_head(const Threads& threads, size_t heads, uint64_t work, void (*function)(void* context, size_t head),
                   void* context);
template <class Function>
void for_each_head(const Threads& threads, size_t heads, uint64_t work, const Function& function) {
  for_each_head(
      threads, heads, work, [](void* context, size_t head) { (*static_cast<const Function*>(context))(head); },
      const_cast<Function*>(&function));
}

}  // namespace latformer::kernels
