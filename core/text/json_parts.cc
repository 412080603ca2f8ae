#include "core/text/json_parts.h"

#include <utility>
#include <vector>

namespace latformer {

Result<Vocabulary> parse_vocabulary(std::string_view file, const JsonValue& vocab) {
  LATFORMER_ASSIGN(const JsonObject object, vocab.object());
  std::vector<std::pair<std::string_view, int32_t>> entries;
  entries.reserve(object.size());
  for (const JsonMember member : object) {
    LATFORMER_ASSIGN(const int64_t id, member.value.integer(0, kMaxTokenId));
    entries.emplace_back(member.key, static_cast<int32_t>(id));
  }
  return Vocabulary::build(file, std::move(entries));
}

}  // namespace latformer
