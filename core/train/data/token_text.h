// One text as numbers: what a tokenizer makes of it and a module reads.
#pragma once

#include <cstdint>
#include <vector>

namespace latformer::train {

// n tokens.
struct TokenText {
  std::vector<int32_t> ids;         // (n), [CLS] first
  std::vector<uint8_t> type_ids;    // (n)
  std::vector<uint8_t> is_special;  // (n) 1 for [CLS] and [SEP]; read for contributions only
};

}  // namespace latformer::train
