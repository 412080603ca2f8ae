// A text whose bytes are no longer those of the original, with the way back.
#pragma once

#include <string>
#include <vector>

#include "core/text/encoding.h"
#include "core/text/utf8.h"

namespace latformer {

// Takes a text one code point at a time (a Sink of Normalizer).
struct NormalizedText {
  void put(char32_t c, TextSpan span) { spans.insert(spans.end(), utf8::append(c, text), span); }
  bool full() const { return false; }

  std::string text;
  std::vector<TextSpan> spans;  // (text.size()): the original bytes of each byte
};

}  // namespace latformer
