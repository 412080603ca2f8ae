// Which texts a run is measured on instead of learning from them.
//
// Texts that share words leak: of SST-2's file many are phrases of one sentence, so that a held-out phrase would have
// been learned with its sentence. Texts that have a run of kShared words in common, directly or by others, are a group;
// groups are held out as a whole or not at all. Texts of fewer words belong to no group and are never held out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/train/data/examples.h"

namespace latformer::train {

inline constexpr size_t kShared = 4;

// The numbers of at most `most` texts, ascending: groups drawn by chance of the seed, none larger than what is left of
// `most`. Where all texts are one group, or too short, there are none.
std::vector<uint32_t> held_out_of(std::span<const Example> examples, size_t most, uint64_t seed);

}  // namespace latformer::train
