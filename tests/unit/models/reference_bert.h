// docs/method.md written plainly, in double precision, to hold core/models/bert/model.cc against.
//
// It shares no code and no short cut with it: one text at a time, a vector per row, every row computed in full in every
// layer; rows are dropped after attention, and the rest row is mixed from contexts, not from attention rows.
#pragma once

#include <cstdint>
#include <vector>

#include "core/elimination/profile.h"
#include "core/models/bert/config.h"
#include "tests/unit/support/random_bert.h"

namespace latformer::testing {

struct ReferenceOutput {
  std::vector<double> logits;
  std::vector<std::vector<uint32_t>> kept_positions;
  std::vector<uint32_t> tokens_per_layer;
  // By how much the worst row kept outscored the best one dropped, relatively, where it was closest: below the rounding
  // of floats, a float implementation may choose differently.
  double margin = 1;
};

// `counts`: rows to leave each layer, the rest row included.
ReferenceOutput reference_bert(const BertConfig& config, const std::vector<NamedTensor>& tensors,
                               const std::vector<int32_t>& ids, const std::vector<uint8_t>& type_ids,
                               const std::vector<uint32_t>& counts, Dropped dropped);

}  // namespace latformer::testing
