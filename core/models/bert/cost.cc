#include "core/models/bert/cost.h"

namespace latformer {

Cost cost_of(const BertConfig& config, Last last) {
  const uint64_t d = config.hidden_size;
  const uint64_t d_ff = config.intermediate_size;
  return {.num_layers = config.num_hidden_layers,
          .last = last,
          .always = kBertAlways,
          .layer =
              [d, d_ff](uint64_t in, uint64_t out) {
                return 3 * in * d * d + in * in * d + out * in * d + out * d * d + 2 * out * d * d_ff;
              },
          .last_layer =
              [d, d_ff, shares = config.shares_layers()](uint64_t in) {
                return (shares ? 3 * in : 2 * in + 1) * d * d + 2 * in * d + d * d + 2 * d * d_ff;
              }};
}

}  // namespace latformer
