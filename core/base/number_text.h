// Numbers as text, the same in every place.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace latformer {

// For people: six digits, 4.8 or 1e+09.
inline std::string short_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

// For files: with as few digits, of 15 or more, as it is read as the same number with.
inline std::string exact_text(double number) {
  char text[32];
  for (int digits = 15; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, number);
    if (std::strtod(text, nullptr) == number) break;
  }
  return text;
}

}  // namespace latformer
