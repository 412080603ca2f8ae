// Text -> text, as the normalizers of tokenizer.json do it one after the other. Of every byte the way back is kept:
// which bytes of the original it stands for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/text/normalized_text.h"
#include "core/text/normalizers/charsmap.h"
#include "core/text/normalizers/normal_form.h"

namespace latformer {

struct NormalizerStep {
  enum class Kind : uint8_t {
    lowercase,
    strip,           // white space at the ends
    replace,         // `pattern` by `content`
    replace_blanks,  // two blanks and more by `content`
    replace_spaces,  // white space, a run at a time, by `content`
    prepend,         // `content` before a text that is not empty
    nmt,             // control characters go, rare white space becomes a blank
    precompiled,
    normal_form,
    strip_marks,
  };
  Kind kind;
  bool strips_left = false, strips_right = false;
  std::string pattern = {}, content = {};  // UTF-8
  Charsmap charsmap = {};
  NormalForm form = {};
};
using Normalizers = std::vector<NormalizerStep>;

// text[begin, end), normalized. Bytes that are not UTF-8 count as U+FFFD. Linear in the text for each step.
NormalizedText normalize_text(const Normalizers& steps, std::string_view text, size_t begin, size_t end);

}  // namespace latformer
