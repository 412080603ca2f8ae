// The cost of an encoder of which one row is read, for tests that need any: docs/method.md, "Cost, and the knob".
#pragma once

#include "core/elimination/cost.h"

namespace latformer::testing {

inline Cost encoder_cost(uint32_t layers, uint64_t d, uint64_t d_ff, Last last = Last::one_row) {
  Cost cost;
  cost.num_layers = layers;
  cost.last = last;
  cost.layer = [d, d_ff](uint64_t in, uint64_t out) {
    return 3 * in * d * d + in * in * d + out * in * d + out * d * d + 2 * out * d * d_ff;
  };
  cost.last_layer = [d, d_ff](uint64_t in) { return (2 * in + 1) * d * d + 2 * in * d + d * d + 2 * d * d_ff; };
  return cost;
}

inline Cost mini_lm() { return encoder_cost(6, 384, 1536); }

}  // namespace latformer::testing
