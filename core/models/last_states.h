// The word-vectors that a head reads of every token: those that leave the last layer, and of a token that was dropped
// before, what it was when it entered the layer that dropped it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/elimination/select.h"

namespace latformer {

class LastStates {
 public:
  // All tokens of some texts are there. Errors: out_of_memory.
  Status begin(const std::vector<LiveRows>& texts, size_t d) {
    d_ = d;
    texts_ = texts;
    first_.clear();
    size_t rows = 0;
    for (const LiveRows& text : texts) {
      first_.push_back(rows);
      rows += text.count();
    }
    return states_.reserve(volume({rows, d}));
  }

  // x (rows.count(), d): what the ordinary rows of text `index` are now. A rest row is no token's.
  void keep(size_t index, const LiveRows& rows, const float* x) {
    for (const uint32_t position : rows.positions) {
      std::copy_n(x, d_, states_.data() + (first_[index] + position) * d_);
      x += d_;
    }
  }

  const float* data() const { return states_.data(); }           // (tokens of all texts, d)
  const std::vector<LiveRows>& texts() const { return texts_; }  // of each: all of its tokens

 private:
  size_t d_ = 0;
  std::vector<LiveRows> texts_;
  std::vector<size_t> first_;  // of each text: where its tokens begin
  Buffer<float> states_;
};

}  // namespace latformer
