#include "core/elimination/cost.h"

#include <cassert>
#include <cstddef>

namespace latformer {

uint64_t Cost::macs(uint32_t tokens, const std::vector<uint32_t>& counts) const {
  assert(counts.size() == num_layers);
  uint64_t sum = head;
  uint64_t in = tokens;
  for (size_t index = 0; index < inner_layers(); ++index) {
    sum += layer(in, counts[index]);
    in = counts[index];
  }
  return last == Last::one_row ? sum + last_layer(in) : sum;
}

}  // namespace latformer
