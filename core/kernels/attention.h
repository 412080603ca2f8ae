// Multi-head attention over one text whose rows stand packed in a wider matrix, and its split in two for elimination:
//
//   A       = softmax(Q K^T + log size + bias)       (H, queries, keys), 1 / sqrt(dh) being in Q already
//   context = A V                                    (queries, H dh)
//   score   = mean over heads and queries of A       (keys)      the ACC metric's; docs/method.md
//
// run() does it in one go, a few queries at a time, so that their row of A never leaves the cache. Where rows are to be
// eliminated, attend() keeps A and gives the score, and mix() then computes the context of the rows that stay, and of
// those alone: rows of A are read where they are, none is copied.
//
// Queries, keys and values are read in place too, however far apart their rows; only the keys of a head are turned into
// blocks, since a product wants several keys side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/attention_tiles.h"
#include "core/kernels/micro/table.h"
#include "core/kernels/threads.h"

namespace latformer::kernels {

// What a head thinks of a key by how far it stands from the query, in the text.
struct RelativeBias {
  const float* table;  // (H, 2 reach + 1): from a key `reach` before the query to one as far behind it
  size_t reach;
  const uint32_t* places;  // (keys) where each stands; queries are the first of the keys
};

struct AttentionInput {
  size_t queries, keys;
  StridedRows query, key, value;  // of H dh values each
  float last_log_size;            // log of how many rows the last key stands for; the others stand for one
  std::optional<RelativeBias> relative_bias = {};
};

class Attention {
 public:
  Attention() = default;
  Attention(size_t heads, size_t head_size, const MicroKernels& micro = micro_kernels())
      : micro_(&micro), heads_(heads), head_size_(head_size) {}

  // Room for texts of up to `longest` rows. Errors: out_of_memory.
  Status reserve(size_t longest);

  // context (queries, H dh).
  void run(const Threads& threads, const AttentionInput& input, float* context);

  // score (keys). The probabilities stay until the next call of run() or attend().
  void attend(const Threads& threads, const AttentionInput& input, float* score);
  // Of the input that attend() had last: context (kept.size() + 1, H dh) of the queries `kept` and, unless `merged` is
  // empty, of one more whose row of A is the sum over i of weights[i] times that of query merged[i].
  void mix(const Threads& threads, const AttentionInput& input, std::span<const uint32_t> kept,
           std::span<const uint32_t> merged, std::span<const float> weights, float* context);

 private:
  size_t padded(size_t keys) const;
  void set_log_sizes(const AttentionInput& input);
  float* probabilities(size_t head, const AttentionInput& input);
  void pack_keys_of(size_t head, const AttentionInput& input);
  static void add_relative_bias(const RelativeBias& bias, size_t head, size_t query, size_t keys, float* logits);
  void probabilities_of(size_t head, const AttentionInput& input, size_t first, size_t count, float* result) const;
  void context_of(size_t head, const AttentionInput& input, const float* probabilities, size_t count,
                  const uint32_t* rows, float* context) const;

  const MicroKernels* micro_ = nullptr;
  size_t heads_ = 0, head_size_ = 0;
  size_t longest_ = 0;           // keys, padded
  Buffer<float> keys_;           // (H, longest, dh)  in blocks, as micro/table.h has weights
  Buffer<float> log_sizes_;      // (longest)
  Buffer<float> probabilities_;  // (H, longest, longest)
  Buffer<float> scores_;         // (H, longest)  of each head; for mix(), the merged row of A
};

}  // namespace latformer::kernels
