// What fuzz targets share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/base/status.h"

namespace latformer::fuzz {

// What must hold whatever the input is: ends the run, so that libFuzzer keeps the input.
#define FUZZ_REQUIRE(condition)                                                    \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

// An error says what is wrong, and it is never the core's own fault.
inline void require_sound(const Status& status) {
  FUZZ_REQUIRE(status.ok() || !status.message().empty());
  FUZZ_REQUIRE(status.code() != ErrorCode::internal);
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes the text up to the next line "--" off `data`.
inline std::string_view next_part(std::string_view& data) {
  constexpr std::string_view kSeparator = "\n--\n";
  const size_t end = std::min(data.find(kSeparator), data.size());
  const std::string_view part = data.substr(0, end);
  data.remove_prefix(std::min(end + kSeparator.size(), data.size()));
  return part;
}

}  // namespace latformer::fuzz
