// What BERT costs, for elimination (docs/method.md, "Cost, and the knob"). d = hidden_size, d_ff = intermediate_size:
//
//   MACs of layer l = 3 n_{l-1} d^2 (QKV) + n_{l-1}^2 d (QK^T) + n_l n_{l-1} d (AV) + n_l d^2 (O) + 2 n_l d d_ff (FFN)
//   last layer, as executed for [CLS] alone:  (2 n_{L-1} + 1) d^2 + 2 n_{L-1} d + d^2 + 2 d d_ff
//                                            3 n_{L-1} instead of 2 n_{L-1} + 1 where layers share their weights
#pragma once

#include "core/elimination/cost.h"
#include "core/models/bert/config.h"

namespace latformer {

inline constexpr Protected kBertAlways{.first = 1};  // [CLS]

Cost cost_of(const BertConfig& config, Last last = Last::one_row);

}  // namespace latformer
