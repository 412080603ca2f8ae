// Attention of a decoder: queries against the keys and values that a cache holds, each query up to its own row of them.
//
//   A       = softmax(Q K^T)   over the keys that a query sees     1 / sqrt(dh) being in Q already
//   context = A V              (queries, H dh)
//
// Causal by order: the cache's rows stand in the order of the text, whatever their original positions (which a model
// has put into keys and queries), so rows may be missing between them. Query heads share key heads in groups: head h
// reads key head h / (H / KV).
//
// Which rows to keep is told by the last queries alone, score(), before any other query is computed: a row that is
// dropped costs its key and value, nothing else. docs/method.md has the formulas.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/attention_tiles.h"
#include "core/kernels/micro/table.h"
#include "core/kernels/threads.h"

namespace latformer::kernels {

// Keys and values of all rows that came into one layer; keys are in blocks already, as products want them.
class KeyValueCache {
 public:
  KeyValueCache() = default;
  KeyValueCache(size_t kv_heads, size_t head_size, const MicroKernels& micro = micro_kernels())
      : micro_(&micro), kv_heads_(kv_heads), head_size_(head_size) {}

  // Room for `rows` in all; what is in it stays. Errors: out_of_memory, and then nothing has changed.
  Status reserve(size_t rows);
  // The same rows once more, with room for `rows` in all. Errors: out_of_memory.
  Result<KeyValueCache> copy(size_t rows) const;
  // Adds `count` rows of (KV dh) values each. There must be room.
  void append(size_t count, StridedRows key, StridedRows value);
  // Forgets all rows but the first `rows`.
  void truncate(size_t rows);

  size_t rows() const { return rows_; }
  size_t capacity() const { return capacity_; }
  size_t bytes() const { return (keys_.size() + values_.size()) * sizeof(float); }  // allocated

 private:
  friend class CausalAttention;
  const float* keys(size_t kv_head) const { return keys_.data() + kv_head * capacity_ * head_size_; }
  StridedRows values(size_t kv_head) const { return {values_.data() + kv_head * capacity_ * head_size_, head_size_}; }

  const MicroKernels* micro_ = nullptr;
  size_t kv_heads_ = 0, head_size_ = 0;
  size_t rows_ = 0, capacity_ = 0;  // capacity: a multiple of what rows of A are padded to
  Buffer<float> keys_;              // (KV, capacity, dh) in blocks
  Buffer<float> values_;            // (KV, capacity, dh)
};

struct CausalQueries {
  size_t count;
  StridedRows query;        // (count, H dh)
  const uint32_t* visible;  // (count) how many rows of the cache each query sees, at least 1, in rising order; null:
                            // the queries are those of the cache's last `count` rows
};

// How much the rows of a cache are worth to the queries at its end, s (rows). With A_h(j) the mean over the last
// `window` queries of A[h, i, j], B_h(j) that over the `before` queries in front of these:
//
//   mean          1/H sum_h A_h(j)
//   largest_head  max_h A_h(j)
//   contrast      1/H sum_h max(0, A_h(j) - B_h(j)) |v_j|          v_j: the value of j in head h
//
// then each is the mean of itself and its neighbours, `smooth` values in all (odd; fewer at the ends; 1: itself alone).
struct KeyScore {
  enum class Kind { mean, largest_head, contrast };
  Kind kind = Kind::mean;
  size_t window = 16;
  size_t before = 64;  // contrast alone
  size_t smooth = 1;

  size_t queries() const { return window + (kind == Kind::contrast ? before : 0); }
};

class CausalAttention {
 public:
  CausalAttention() = default;
  CausalAttention(size_t heads, size_t kv_heads, size_t head_size, const MicroKernels& micro = micro_kernels())
      : micro_(&micro), heads_(heads), kv_heads_(kv_heads), head_size_(head_size) {}

  // Room for caches of up to `longest` rows. Errors: out_of_memory.
  Status reserve(size_t longest);

  // context (count, H dh). A query's context does not depend on the queries beside it.
  void run(const Threads& threads, const KeyValueCache& cache, const CausalQueries& queries, float* context);

  // score (cache.rows()). query (count, H dh): the queries of the cache's last `count` rows, as many of
  // how.queries() as there are; where there are fewer than `window`, all of them are the window.
  void score(const Threads& threads, const KeyValueCache& cache, size_t count, StridedRows query, const KeyScore& how,
             float* score);

 private:
  size_t group() const { return heads_ / kv_heads_; }
  float* panel(size_t head) { return panels_.data() + head * kPanel * longest_; }
  // result (count, padded_keys(visible[count - 1])): rows of A; what a query does not see is 0.
  void probabilities_of(const KeyValueCache& cache, size_t kv_head, StridedRows query, size_t count,
                        const uint32_t* visible, float* result) const;
  // sums (rows) = the sum over `count` queries, of which the first sees `visible` rows, of A of one head.
  void sum_probabilities(const KeyValueCache& cache, size_t head, StridedRows query, size_t count, size_t visible,
                         float* sums);

  const MicroKernels* micro_ = nullptr;
  size_t heads_ = 0, kv_heads_ = 0, head_size_ = 0;
  size_t longest_ = 0;    // rows, padded
  Buffer<float> panels_;  // (H, kPanel, longest) rows of A
  Buffer<float> sums_;    // (H, longest)  of A, over the window
  Buffer<float> before_;  // (H, longest)  of A, over the queries in front of it
};

}  // namespace latformer::kernels
