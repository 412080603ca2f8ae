// Rows taken, left out and averaged, with gradients: everything that moves rows about between packed texts, padded ones
// and what elimination leaves of them.
//
//   y (out, d):  y_i = sum over its sources k of weight_k x_k          no source: a row of zeros
//   gradient:    dx_k += weight_k dy_i                                 weights are constants
//
// Padding is a map with rows of no source, unpadding and hard selection one with rows of one source, the rest row has
// several. One pass over memory in either direction, whatever is done.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace latformer::train {

struct RowMap {
  std::vector<int64_t> begin = {0};  // (out + 1) of row i: its sources stand from begin[i] to begin[i + 1]
  std::vector<int64_t> source;
  std::vector<float> weight;

  int64_t rows() const { return static_cast<int64_t>(begin.size()) - 1; }
  void add(int64_t from, float factor = 1) {
    source.push_back(from);
    weight.push_back(factor);
  }
  void end_row() { begin.push_back(static_cast<int64_t>(source.size())); }
  void add_row(int64_t from) {
    add(from);
    end_row();
  }
};

// y (map.rows(), d) from x (in, d), of the same type: float32 or bfloat16. Every source is below `in`.
torch::Tensor map_rows(const RowMap& map, const torch::Tensor& x);

}  // namespace latformer::train
