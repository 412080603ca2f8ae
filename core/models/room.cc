#include "core/models/room.h"

#include <cstdio>
#include <string>

namespace latformer {
namespace {

std::string gigabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / (1 << 30));
  return text;
}

}  // namespace

Status check_room(uint64_t weight_bytes, uint64_t limit) {
  if (weight_bytes <= limit) return {};
  return out_of_memory("the weights of this model take " + gigabytes(weight_bytes) + ", and there is room for " +
                       gigabytes(limit) + "; load it as int8, or a smaller one");
}

}  // namespace latformer
