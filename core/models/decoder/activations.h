// What the forward pass of a decoder computes in: planned once, grown when more rows come, never shrunk.
//
// T rows of all texts of a step, packed; d = hidden_size, q = heads x head_size, n rows of the longest cache, w queries
// that score. As rows are dropped, only the front of each buffer is used.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/linear.h"

namespace latformer {

struct DecoderActivations {
  struct Sizes {
    uint64_t hidden, query, widest;  // d; q; of keys and values, and of the feed-forward's first product
    uint64_t middle;                 // between the feed-forward's products, where it cannot stay in place; else 0
  };

  Buffer<float> hidden;   // (T, d)  what travels from layer to layer
  Buffer<float> normed;   // (T, d)  what products read
  Buffer<float> branch;   // (T, d)  what is added to `hidden`
  Buffer<float> query;    // (T, q)
  Buffer<float> context;  // (T, q)  attention's result
  Buffer<float> wide;     // (T, widest)
  Buffer<float> middle;   // (T, middle)

  kernels::LinearWorkspace linear;

  Buffer<float> window;  // (w, q)  queries that score, of one text
  Buffer<float> score;   // (n)  of one text

  Status reserve(const Sizes& sizes, size_t rows, size_t longest, size_t queries) {
    for (Buffer<float>* of_all : {&hidden, &normed, &branch}) {
      LATFORMER_TRY(of_all->reserve(volume({rows, sizes.hidden})));
    }
    LATFORMER_TRY(query.reserve(volume({rows, sizes.query})));
    LATFORMER_TRY(context.reserve(volume({rows, sizes.query})));
    LATFORMER_TRY(wide.reserve(volume({rows, sizes.widest})));
    LATFORMER_TRY(middle.reserve(volume({rows, sizes.middle})));
    LATFORMER_TRY(window.reserve(volume({queries, sizes.query})));
    return score.reserve(longest);
  }
};

}  // namespace latformer
