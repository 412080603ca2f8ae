// How a decoder's prompt is made shorter on its way through the layers, or before them (docs/method.md, "GPT-2 and
// other decoders").
//
// Of `count` rows that leave a layer, the first always stays, where attention sinks, and the `tail` last ones,
//
//   tail = min(count - 1, max(1, round(tail_share * count)))
//
// the others by score. Where rows leave, the rest of the profile says: its retention for progressive elimination; one
// drop at one layer is the retention 1 before that layer and one value from it on.
//
// Or tokens are dropped before the first layer: plain truncation (cut), or whole sentences that have little to do with
// what the prompt ends in. Then every layer runs on what is left, at its original positions unless cut.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/elimination/cost.h"
#include "core/elimination/prompt_settings.h"
#include "core/elimination/select.h"

namespace latformer {

// The rows that no score can drop when `count` >= 2 are to stay.
Protected always_of(const PromptElimination& how, uint32_t count);

// Retention of one drop in layer `layer` (0 .. num_layers - 1): 1 before it, `retention` from it on.
std::vector<double> one_drop(uint32_t num_layers, uint32_t layer, double retention);

// The counts of a prompt of `tokens` that runs whole behind the first layer: the last one is 1 where one row is read.
std::vector<uint32_t> whole_counts(const Cost& cost, uint32_t tokens);

// The most tokens of a prompt of `tokens` that may be left before the first layer: cost(n), which rises with n, is at
// most `most`. At least 2, or `tokens` if there are no more.
uint32_t tokens_within(uint32_t tokens, double most, const std::function<double(uint32_t n)>& cost);

}  // namespace latformer
