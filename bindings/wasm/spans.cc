#include "bindings/wasm/spans.h"

#include <cstddef>

namespace latformer {

std::vector<uint32_t> utf16_spans(std::string_view text, std::string_view pair,
                                  const std::vector<const Encoding*>& windows) {
  std::vector<TextSpan> spans[2];  // of text and pair: each is converted in a single pass
  for (const Encoding* window : windows) {
    for (size_t i = 0; i < window->spans.size(); ++i) spans[window->sequence_ids[i]].push_back(window->spans[i]);
  }
  spans[0] = to_utf16(text, spans[0]);
  spans[1] = to_utf16(pair, spans[1]);

  std::vector<uint32_t> result;
  size_t next[2] = {0, 0};
  for (const Encoding* window : windows) {
    for (const uint8_t sequence : window->sequence_ids) {
      const TextSpan& span = spans[sequence][next[sequence]++];
      result.push_back(span.begin);
      result.push_back(span.end);
    }
  }
  return result;
}

}  // namespace latformer
