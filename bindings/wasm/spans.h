// Where tokens are in their texts, as JavaScript counts.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/text/encoding.h"

namespace latformer {

// Spans of all `windows` of one text, or text and pair, in UTF-16 units, laid one after another as begin, end, begin,
// ...
std::vector<uint32_t> utf16_spans(std::string_view text, std::string_view pair,
                                  const std::vector<const Encoding*>& windows);

}  // namespace latformer
