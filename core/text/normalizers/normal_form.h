// The normal forms of Unicode:
//
//   NFD    canonical decomposition, marks behind their character in the order of their classes
//   NFKD   the same with compatibility decompositions
//   NFC    NFD, then each mark or letter that has a character in common with the one before it becomes that
//   NFKC   the same of NFKD
#pragma once

#include <cstdint>

#include "core/text/normalized_text.h"

namespace latformer {

struct NormalForm {
  bool is_compatible;
  bool composes;
};

// `text`, not empty, in that form.
NormalizedText in_normal_form(NormalForm form, const NormalizedText& text);

}  // namespace latformer
