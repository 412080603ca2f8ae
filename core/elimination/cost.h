// What a model costs, as it tells elimination/: multiplications and additions (MACs) by the rows that enter and leave
// its layers, as they are executed. A model makes its Cost (core/models/bert/cost.h); nothing here knows a formula.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/elimination/profile.h"
#include "core/elimination/select.h"

namespace latformer {

// Which rows are read behind the last layer: one, a classifier's [CLS] or the one that a next token follows from; or
// all that are left, as a mean over them does. One row makes the last layer cheaper than the others.
enum class Last { one_row, all_rows };

struct Cost {
  uint32_t num_layers = 0;
  Last last = Last::one_row;
  Protected always{.first = 1};  // rows that no layer drops
  // MACs of a layer that `in` rows enter and `out` leave; not of the last one where one row is read.
  std::function<uint64_t(uint64_t in, uint64_t out)> layer;
  // Of the last layer where one row leaves it.
  std::function<uint64_t(uint64_t in)> last_layer;
  // Of what follows the layers, such as logits over a vocabulary; 0 where it is too little to count.
  uint64_t head = 0;

  // Layers that `layer` is the cost of.
  uint32_t inner_layers() const { return last == Last::one_row ? num_layers - 1 : num_layers; }
  // The fewest rows that may leave a layer, the rest row included.
  uint32_t n_min(Dropped dropped) const { return always.count() + (dropped == Dropped::merge ? 1 : 0); }
  // Of an input of `tokens` rows and the counts that leave its layers.
  uint64_t macs(uint32_t tokens, const std::vector<uint32_t>& counts) const;
};

}  // namespace latformer
