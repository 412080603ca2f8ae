// What the forward pass of BERT computes in: planned once, grown when a larger batch comes, never shrunk.
//
// Texts of T rows altogether, packed; n rows of the longest; d = hidden_size, d_ff = intermediate_size. As
// rows are eliminated, only the front of each buffer is used.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/linear.h"
#include "core/models/bert/config.h"

namespace latformer {

struct BertActivations {
  // Of all texts.
  Buffer<float> hidden;    // (T, d)  what travels from layer to layer
  Buffer<float> residual;  // (T, d)  the rows of `hidden` that stay
  Buffer<float> context;   // (T, d)  attention's result
  Buffer<float> branch;    // (T, d)  what is added to the residual
  Buffer<float> wide;      // (T, max(3d, d_ff, e))  words; query, key and value; then the feed-forward's middle

  kernels::LinearWorkspace linear;

  Buffer<float> score;  // (n)  of one text

  Status reserve(const BertConfig& config, size_t rows, size_t longest) {
    const uint64_t d = config.hidden_size;
    const uint64_t widest = std::max<uint64_t>({3 * d, config.intermediate_size, config.embedding_size});
    const uint64_t e = std::max<uint64_t>(d, config.embedding_size);  // embeddings are summed up in two of these
    for (Buffer<float>* of_all : {&hidden, &context}) LATFORMER_TRY(of_all->reserve(volume({rows, d})));
    for (Buffer<float>* of_all : {&residual, &branch}) LATFORMER_TRY(of_all->reserve(volume({rows, e})));
    LATFORMER_TRY(wide.reserve(volume({rows, widest})));
    return score.reserve(longest);
  }
};

}  // namespace latformer
