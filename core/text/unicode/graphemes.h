// Where a user sees one character: grapheme clusters, as far as those of less than six bytes go, which is all that
// Hugging Face's normalizer "Precompiled" looks at. Others may come out in parts: syllables of Hangul and of Indic
// scripts, flags, and what is joined to an emoji.
#pragma once

#include <cstddef>
#include <string_view>

namespace latformer::unicode {

// Where the cluster ends that begins at text[begin], begin < text.size(). text is UTF-8.
size_t end_of_grapheme(std::string_view text, size_t begin);

}  // namespace latformer::unicode
