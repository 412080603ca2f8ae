#include "core/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "core/format/quote.h"
#include "core/text/added_tokens.h"
#include "core/text/normalizer.h"
#include "core/text/settings.h"
#include "core/text/utf8.h"
#include "core/text/word_pieces.h"

namespace latformer {
namespace {

// A normalized text kept whole (a Sink of Normalizer), to look for added tokens in it.
struct NormalizedText {
  void put(char32_t c, TextSpan span) { spans.insert(spans.end(), utf8::append(c, text), span); }
  bool full() const { return false; }

  std::string text;
  std::vector<TextSpan> spans;  // (text.size()): the original bytes of each byte
};

size_t count_special(const Template& pieces) {
  return static_cast<size_t>(std::count_if(pieces.begin(), pieces.end(), [](const TemplatePiece& piece) {
    return piece.kind == TemplatePiece::Kind::special;
  }));
}

// Tokens [begin, end) of a text.
struct TokenRange {
  const TokenList* tokens;
  size_t begin, end;
};

Encoding assemble(const Template& pieces, TokenRange first, TokenRange second) {
  Encoding encoding;
  const size_t size = count_special(pieces) + (first.end - first.begin) + (second.end - second.begin);
  encoding.ids.reserve(size);
  encoding.spans.reserve(size);
  for (const TemplatePiece& piece : pieces) {
    const bool is_special = piece.kind == TemplatePiece::Kind::special;
    const bool is_second = piece.kind == TemplatePiece::Kind::second_text;
    if (is_special) {
      encoding.ids.push_back(piece.id);
      encoding.spans.push_back({});
    } else {
      const auto& [tokens, begin, end] = is_second ? second : first;
      const auto copy = [&, b = begin, e = end](const auto& from, auto& to) {
        to.insert(to.end(), from.begin() + static_cast<ptrdiff_t>(b), from.begin() + static_cast<ptrdiff_t>(e));
      };
      copy(tokens->ids, encoding.ids);
      copy(tokens->spans, encoding.spans);
      copy(tokens->continues, encoding.continues);
    }
    encoding.type_ids.resize(encoding.ids.size(), piece.type_id);
    encoding.sequence_ids.resize(encoding.ids.size(), is_second);
    encoding.is_special.resize(encoding.ids.size(), is_special);
    encoding.continues.resize(encoding.ids.size());
  }
  return encoding;
}

// How many tokens of a pair stay when together they may have `most`: Hugging Face's 'longest_first'. The shorter text
// stays whole if the other can make room for it without becoming the shorter one; else each gets half.
std::pair<size_t, size_t> longest_first(size_t first, size_t second, size_t most) {
  if (first + second <= most) return {first, second};
  size_t shorter = std::min(first, second);
  size_t longer = shorter > most ? shorter : std::max(shorter, most - shorter);
  if (shorter + longer > most) {
    shorter = most / 2;
    longer = shorter + most % 2;
  }
  return first > second ? std::pair{longer, shorter} : std::pair{shorter, longer};
}

}  // namespace

struct Tokenizer::State {
  TokenizerSettings settings;
  AddedTokenMatcher raw_tokens;         // looked for in the text as it came
  AddedTokenMatcher normalized_tokens;  // and in the normalized text between those

  Status make_matchers();
  void tokenize(std::string_view text, TokenList& tokens, bool stop_early) const;
  Result<size_t> room(const Template& pieces, size_t max_tokens, std::string_view text) const;
};

Status Tokenizer::State::make_matchers() {
  std::vector<std::pair<std::string, AddedToken>> raw, normalized;
  for (const auto& [id, token] : settings.added_tokens) {
    if (token.content.size() > kMaxTokenBytes) {
      return unsupported_model("the tokenizer has an added token of more than " + std::to_string(kMaxTokenBytes) +
                               " bytes");
    }
    if (!token.normalized) {
      raw.emplace_back(token.content, token);
      continue;
    }
    NormalizedText content;
    Normalizer(settings.normalizer, content).run(token.content, 0, token.content.size());
    if (content.text.empty()) {
      return bad_model("the tokenizer's added token " + quote(token.content) + " is empty once it is normalized");
    }
    normalized.emplace_back(std::move(content.text), token);
  }
  raw_tokens = AddedTokenMatcher(std::move(raw));
  normalized_tokens = AddedTokenMatcher(std::move(normalized));
  return {};
}

void Tokenizer::State::tokenize(std::string_view text, TokenList& tokens, bool stop_early) const {
  WordPieces words(settings.vocabulary, settings.word_pieces, tokens, stop_early);
  AddedTokenMatcher::Cutter raw(raw_tokens, text);
  for (AddedTokenMatcher::Piece piece; !words.full() && raw.next(piece);) {
    const auto [begin, end, token] = piece;
    if (token != nullptr) {
      tokens.push(token->id, {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      continue;
    }
    if (normalized_tokens.empty()) {
      Normalizer(settings.normalizer, words).run(text, begin, end);
      words.end_word();
      continue;
    }
    NormalizedText between;
    Normalizer(settings.normalizer, between).run(text, begin, end);
    AddedTokenMatcher::Cutter normalized(normalized_tokens, between.text);
    for (AddedTokenMatcher::Piece part; !words.full() && normalized.next(part);) {
      if (part.token != nullptr) {
        tokens.push(part.token->id, {between.spans[part.begin].begin, between.spans[part.end - 1].end});
        continue;
      }
      for (size_t position = part.begin; position < part.end && !words.full();) {
        const utf8::CodePoint c = utf8::decode(between.text, position);
        words.put(c.value, between.spans[position]);
        position += c.size;
      }
      words.end_word();
    }
  }
}

// How many tokens of `text` fit beside the special ones.
Result<size_t> Tokenizer::State::room(const Template& pieces, size_t max_tokens, std::string_view text) const {
  const size_t special = count_special(pieces);
  if (max_tokens < special) {
    return invalid_argument("max_tokens is " + std::to_string(max_tokens) + ", too few for " + std::to_string(special) +
                            " special tokens");
  }
  if (uint64_t{text.size()} > UINT32_MAX) return invalid_argument("a text must be shorter than 4 GiB");
  return max_tokens - special;
}

Result<Tokenizer> Tokenizer::from_tokenizer_json(std::string_view json, std::string_view tokenizer_config_json) {
  auto state = std::make_unique<State>();
  LATFORMER_ASSIGN(state->settings, parse_tokenizer_json(json, tokenizer_config_json));
  LATFORMER_TRY(state->make_matchers());
  return Tokenizer(std::move(state));
}

Result<Tokenizer> Tokenizer::from_vocab(std::string_view vocab_txt, std::string_view tokenizer_config_json) {
  auto state = std::make_unique<State>();
  LATFORMER_ASSIGN(state->settings, parse_vocab_txt(vocab_txt, tokenizer_config_json));
  LATFORMER_TRY(state->make_matchers());
  return Tokenizer(std::move(state));
}

Result<Encoding> Tokenizer::encode(std::string_view text, std::optional<std::string_view> pair,
                                   size_t max_tokens) const {
  if (!pair) {
    const Template& pieces = state_->settings.single;
    LATFORMER_ASSIGN(const size_t room, state_->room(pieces, max_tokens, text));
    TokenList tokens(room);
    state_->tokenize(text, tokens, /*stop_early=*/true);
    Encoding encoding = assemble(pieces, {&tokens, 0, tokens.ids.size()}, {});
    encoding.truncated = tokens.overflows();
    return encoding;
  }
  // A pair is read to its end: which of two long texts is longer decides who gets an odd token.
  const Template& pieces = state_->settings.pair;
  LATFORMER_ASSIGN(const size_t room, state_->room(pieces, max_tokens, text.size() < pair->size() ? *pair : text));
  TokenList first(room), second(room);
  state_->tokenize(text, first, /*stop_early=*/false);
  state_->tokenize(*pair, second, /*stop_early=*/false);
  const auto [of_first, of_second] = longest_first(first.count, second.count, room);
  Encoding encoding = assemble(pieces, {&first, 0, of_first}, {&second, 0, of_second});
  encoding.truncated = of_first < first.count || of_second < second.count;
  return encoding;
}

Result<std::vector<Encoding>> Tokenizer::encode_windows(std::string_view text, size_t max_tokens, size_t stride) const {
  const Template& pieces = state_->settings.single;
  LATFORMER_ASSIGN(const size_t room, state_->room(pieces, max_tokens, text));
  if (room <= stride) {
    return invalid_argument("windows of " + std::to_string(max_tokens) +
                            " tokens, special ones included, cannot share " + std::to_string(stride));
  }
  TokenList tokens(SIZE_MAX);
  state_->tokenize(text, tokens, /*stop_early=*/false);
  std::vector<Encoding> windows;
  for (size_t begin = 0;; begin += room - stride) {
    const size_t end = std::min(tokens.count, room < SIZE_MAX - begin ? begin + room : SIZE_MAX);
    windows.push_back(assemble(pieces, {&tokens, begin, end}, {}));
    if (end == tokens.count) return windows;
  }
}

size_t Tokenizer::vocabulary_size() const {
  const auto& [normalizer, vocabulary, word_pieces, added, added_ids, single, pair] = state_->settings;
  int32_t highest = vocabulary.highest_id();
  if (!added.empty()) highest = std::max(highest, added.rbegin()->first);
  for (const Template* pieces : {&single, &pair}) {
    for (const TemplatePiece& piece : *pieces) highest = std::max(highest, piece.id);
  }
  return static_cast<size_t>(highest) + 1;
}

std::string_view Tokenizer::token(int32_t id) const {
  const auto added = state_->settings.added_tokens.find(id);
  return added != state_->settings.added_tokens.end() ? added->second.content : state_->settings.vocabulary.token(id);
}

std::optional<int32_t> Tokenizer::id(std::string_view token) const {
  const auto added = state_->settings.added_ids.find(token);
  return added != state_->settings.added_ids.end() ? added->second : state_->settings.vocabulary.id(token);
}

Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}

}  // namespace latformer
