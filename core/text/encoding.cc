#include "core/text/encoding.h"

#include <cstddef>

namespace latformer {

Encoding without_special(const Encoding& encoding) {
  Encoding kept;
  kept.truncated = encoding.truncated;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    if (encoding.is_special[i] != 0) continue;
    kept.ids.push_back(encoding.ids[i]);
    kept.type_ids.push_back(encoding.type_ids[i]);
    kept.sequence_ids.push_back(encoding.sequence_ids[i]);
    kept.spans.push_back(encoding.spans[i]);
    kept.is_special.push_back(0);
    kept.continues.push_back(encoding.continues[i]);
  }
  return kept;
}

}  // namespace latformer
