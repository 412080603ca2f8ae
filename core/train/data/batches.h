// Which texts go through the model together: texts of nearly equal length, up to a number of tokens.
//
//   an epoch:  shuffle all texts -> pools of kPoolBatches batches' worth -> sort each pool by length -> cut into
//   batches
//              so that texts x longest <= max_tokens and texts <= max_texts -> shuffle the batches
//
// It follows from the seed and the epoch alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace latformer::train {

struct BatchLimits {
  size_t max_tokens = 4096;  // padded ones; a text that is longer makes a batch by itself
  size_t max_texts = 64;
};

using Batch = std::vector<uint32_t>;  // numbers of texts

// lengths[i]: tokens of text i.
std::vector<Batch> training_batches(std::span<const uint32_t> lengths, const BatchLimits& limits, uint64_t seed,
                                    uint64_t epoch);

// All texts once, sorted by length: for measuring.
std::vector<Batch> evaluation_batches(std::span<const uint32_t> lengths, const BatchLimits& limits);

}  // namespace latformer::train
