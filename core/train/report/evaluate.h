// What the model that learns says of texts at one speedup, and what its layers contribute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/schedule.h"
#include "core/train/data/batches.h"
#include "core/train/data/examples.h"
#include "core/train/modules/module.h"

namespace latformer::train {

// Rows that are to leave each layer of a text of so many tokens.
using CountsOf = std::function<std::vector<uint32_t>(uint32_t tokens)>;
// Those of a speedup; the scheduler must outlive it.
CountsOf counts_at(Scheduler& scheduler, double speedup);
std::vector<std::vector<uint32_t>> counts_of(std::span<const TokenText* const> texts, const CountsOf& counts);

// Logits of each example, in their order. Errors: bad_model where they are not finite, of which no metric is made.
Result<std::vector<std::vector<float>>> logits_of(const Module& module, std::span<const Example> examples,
                                                  const CountsOf& counts, Dropped dropped, const BatchLimits& limits);
Result<std::vector<std::vector<float>>> logits_of(const Module& module, std::span<const Example> examples,
                                                  Scheduler& scheduler, double speedup, const BatchLimits& limits);

// metric_of() these logits, against targets; of embeddings, against Example::logits.
Result<double> evaluate(const Module& module, std::span<const Example> examples, Scheduler& scheduler, double speedup,
                        const BatchLimits& limits);

// ACC_l of each layer: mean over examples of the median over ordinary words of n s_l(j), nothing dropped.
std::vector<double> contributions_of(const Module& module, std::span<const Example> examples,
                                     const BatchLimits& limits);

}  // namespace latformer::train
