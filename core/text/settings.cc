#include "core/text/settings.h"

#include <algorithm>
#include <utility>

namespace latformer {

int32_t next_token_id(const TokenizerSettings& settings) {
  const auto size = static_cast<int32_t>(settings.model->vocabulary().size());
  return settings.added_tokens.empty() ? size : std::max(size, settings.added_tokens.rbegin()->first + 1);
}

void add_tokens(std::vector<AddedToken> tokens, TokenizerSettings& settings) {
  // The size, not the highest id: with gaps in the vocabulary a new token may so take a used id. Hugging Face does
  // that.
  int32_t next_id = next_token_id(settings);
  for (AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    if (const auto added = settings.added_ids.find(token.content); added != settings.added_ids.end()) {
      token.id = added->second;
    } else if (const auto known = settings.model->vocabulary().id(token.content)) {
      token.id = *known;
    } else {
      token.id = next_id++;
    }
    settings.added_ids[token.content] = token.id;
    settings.added_tokens[token.id] = std::move(token);
  }
}

void set_bert_templates(int32_t cls_id, int32_t sep_id, TokenizerSettings& settings) {
  using Kind = TemplatePiece::Kind;
  settings.single = {{Kind::special, 0, cls_id}, {Kind::first_text, 0}, {Kind::special, 0, sep_id}};
  settings.pair = settings.single;
  settings.pair.push_back({Kind::second_text, 1});
  settings.pair.push_back({Kind::special, 1, sep_id});
}

void set_roberta_templates(int32_t cls_id, int32_t sep_id, TokenizerSettings& settings) {
  using Kind = TemplatePiece::Kind;
  settings.single = {{Kind::special, 0, cls_id}, {Kind::first_text, 0}, {Kind::special, 0, sep_id}};
  settings.pair = settings.single;
  settings.pair.push_back({Kind::special, 0, sep_id});
  settings.pair.push_back({Kind::second_text, 0});
  settings.pair.push_back({Kind::special, 0, sep_id});
}

}  // namespace latformer
