#include "core/models/decoder/loader.h"

#include <cstdio>
#include <limits>
#include <string>

namespace latformer {
namespace {

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes / (1 << 30));
  return text;
}

}  // namespace

Status check_fits(const DecoderFacts& facts, uint64_t bytes_each, uint64_t limit) {
  const uint64_t weights = facts.weight_count() * bytes_each;
  if (weights <= limit) return {};
  return out_of_memory("the weights of this model take " + gigabytes(static_cast<double>(weights)) + " at " +
                       std::to_string(bytes_each) + " bytes each, and there is room for " +
                       gigabytes(static_cast<double>(limit)) + "; load it as int8");
}

uint64_t address_space() { return std::numeric_limits<size_t>::max(); }

}  // namespace latformer
