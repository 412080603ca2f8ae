#include "core/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "core/format/quote.h"
#include "core/text/added_tokens.h"
#include "core/text/bpe/vocab_json.h"
#include "core/text/json_parts.h"
#include "core/text/settings.h"
#include "core/text/template.h"
#include "core/text/tokenizer_json.h"
#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"
#include "core/text/wordpiece/bert_config.h"
#include "core/text/wordpiece/vocab_txt.h"

namespace latformer {
namespace {

// White space as a token of byte level shows it.
bool is_blank(char32_t c) { return c == 0x120 || unicode::has(c, unicode::kWhiteSpace); }

size_t blanks_in_front(std::string_view token) {
  size_t count = 0;
  for (size_t position = 0; position < token.size(); ++count) {
    const utf8::CodePoint c = utf8::decode(token, position);
    if (!is_blank(c.value)) break;
    position += c.size;
  }
  return count;
}

size_t blanks_at_end(std::string_view token) {
  size_t count = 0;
  for (size_t position = token.size(); position > 0; ++count) {
    const utf8::CodePoint c = utf8::decode_before(token, position);
    if (!is_blank(c.value)) break;
    position -= c.size;
  }
  return count;
}

}  // namespace

struct Tokenizer::State {
  TokenizerSettings settings;
  AddedTokenMatcher raw_tokens;         // looked for in the text as it came
  AddedTokenMatcher normalized_tokens;  // and in the normalized text between those

  Status make_matchers();
  void tokenize(std::string_view text, TokenList& tokens) const;
  void finish(std::string_view text, std::string_view pair, Encoding& encoding) const;
  void trim_spans(std::string_view text, std::string_view pair, Encoding& encoding) const;
  std::string_view token(int32_t id) const;
  Result<size_t> room(const Template& pieces, size_t max_tokens, std::string_view text) const;
};

Status Tokenizer::State::make_matchers() {
  std::vector<std::pair<std::string, AddedToken>> raw, normalized;
  for (const auto& [id, token] : settings.added_tokens) {
    if (token.content.size() > kMaxTokenBytes) {
      return unsupported_model("the tokenizer has an added token of more than " + std::to_string(kMaxTokenBytes) +
                               " bytes");
    }
    if (token.special && settings.reading.splits_special) continue;
    if (!token.normalized) {
      raw.emplace_back(token.content, token);
      continue;
    }
    if (!settings.model->normalizes()) {
      normalized.emplace_back(token.content, token);
      continue;
    }
    NormalizedText content = settings.model->normalize(token.content, 0, token.content.size());
    if (content.text.empty()) {
      return bad_model("the tokenizer's added token " + quote(token.content) + " is empty once it is normalized");
    }
    normalized.emplace_back(std::move(content.text), token);
  }
  raw_tokens = AddedTokenMatcher(std::move(raw));
  normalized_tokens = AddedTokenMatcher(std::move(normalized));
  return {};
}

void Tokenizer::State::tokenize(std::string_view text, TokenList& tokens) const {
  const TextModel& model = *settings.model;
  AddedTokenMatcher::Cutter raw(raw_tokens, text);
  for (AddedTokenMatcher::Piece piece; !tokens.full() && raw.next(piece);) {
    const auto [begin, end, token] = piece;
    if (token != nullptr) {
      tokens.push(token->id, {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    } else if (normalized_tokens.empty()) {
      model.cut(text, begin, end, tokens);
    } else if (model.normalizes()) {
      const NormalizedText between = model.normalize(text, begin, end);
      AddedTokenMatcher::Cutter normalized(normalized_tokens, between.text);
      for (AddedTokenMatcher::Piece part; !tokens.full() && normalized.next(part);) {
        if (part.token == nullptr) {
          model.cut(between, part.begin, part.end, tokens);
        } else {
          tokens.push(part.token->id, {between.spans[part.begin].begin, between.spans[part.end - 1].end});
        }
      }
    } else {
      AddedTokenMatcher::Cutter normalized(normalized_tokens, text.substr(begin, end - begin));
      for (AddedTokenMatcher::Piece part; !tokens.full() && normalized.next(part);) {
        const TextSpan span = {static_cast<uint32_t>(begin + part.begin), static_cast<uint32_t>(begin + part.end)};
        if (part.token == nullptr) {
          model.cut(text, span.begin, span.end, tokens);
        } else {
          tokens.push(part.token->id, span);
        }
      }
    }
  }
}

void Tokenizer::State::finish(std::string_view text, std::string_view pair, Encoding& encoding) const {
  if (settings.trimmed_spans) trim_spans(text, pair, encoding);
  if (!settings.reading.gives_type_ids) std::fill(encoding.type_ids.begin(), encoding.type_ids.end(), uint8_t{0});
}

// As Hugging Face's trim_offsets, which counts characters of the token, not of the text, and for which the first token
// of a window is the first of a text.
void Tokenizer::State::trim_spans(std::string_view text, std::string_view pair, Encoding& encoding) const {
  bool has_begun[2] = {false, false};
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    if (encoding.is_special[i] != 0) continue;
    const bool of_pair = encoding.sequence_ids[i] != 0;
    const std::string_view whole = of_pair ? pair : text;
    TextSpan& span = encoding.spans[i];
    // An added token counts as it stands there, with the white space that it has swallowed.
    const std::string_view content = settings.added_tokens.contains(encoding.ids[i])
                                         ? whole.substr(span.begin, span.end - span.begin)
                                         : settings.model->vocabulary().token(encoding.ids[i]);
    size_t front = blanks_in_front(content);
    const bool is_first = !std::exchange(has_begun[of_pair], true) || span.begin == 0;
    if (is_first && settings.trimmed_spans->keeps_first && front == 1) front = 0;
    for (; front > 0 && span.begin < span.end; --front) {
      span.begin = std::min(span.end, span.begin + utf8::decode(whole, span.begin).size);
    }
    for (size_t end = blanks_at_end(content); end > 0 && span.end > span.begin; --end) {
      span.end = std::max(span.begin, span.end - utf8::decode_before(whole, span.end).size);
    }
  }
}

std::string_view Tokenizer::State::token(int32_t id) const {
  const auto added = settings.added_tokens.find(id);
  return added != settings.added_tokens.end() ? added->second.content : settings.model->vocabulary().token(id);
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

Result<Tokenizer> Tokenizer::create(const TokenizerFiles& files) {
  auto state = std::make_unique<State>();
  if (!files.tokenizer_json.empty()) {
    LATFORMER_ASSIGN(state->settings, parse_tokenizer_json(files));
  } else if (!files.vocab_txt.empty()) {
    LATFORMER_ASSIGN(state->settings, parse_vocab_txt(files));
  } else if (!files.vocab_json.empty() && !files.merges_txt.empty()) {
    LATFORMER_ASSIGN(state->settings, parse_vocab_json(files));
  } else if (!files.vocab_json.empty()) {
    return bad_model("vocab.json is there, but merges.txt is missing");
  } else if (!files.merges_txt.empty()) {
    return bad_model("merges.txt is there, but vocab.json is missing");
  } else {
    return bad_model("neither tokenizer.json nor vocab.txt nor vocab.json is there");
  }
  LATFORMER_ASSIGN(const ConfigDocuments documents, parse_config_documents(files));
  const JsonValue config = documents.config.root();
  Reading& reading = state->settings.reading;
  LATFORMER_ASSIGN(reading.gives_type_ids, gives_type_ids(config, files.tokenizer_class));
  LATFORMER_ASSIGN(reading, parse_reading(config, reading));
  LATFORMER_TRY(state->make_matchers());
  return Tokenizer(std::move(state));
}

Result<Encoding> Tokenizer::encode(std::string_view text, std::optional<std::string_view> pair,
                                   size_t max_tokens) const {
  const bool cuts_left = state_->settings.reading.cuts_left;
  // Which tokens of a text stay, when `count` do.
  const auto range = [&](const TokenList& tokens, size_t count) {
    const size_t begin = cuts_left ? tokens.count - count : 0;
    return TokenRange{&tokens, begin, begin + count};
  };
  if (!pair) {
    const Template& pieces = state_->settings.single;
    LATFORMER_ASSIGN(const size_t room, state_->room(pieces, max_tokens, text));
    TokenList tokens(cuts_left ? SIZE_MAX : room, /*stop_early=*/!cuts_left);
    state_->tokenize(text, tokens);
    Encoding encoding = assemble(pieces, range(tokens, std::min(room, tokens.count)), {});
    state_->finish(text, {}, encoding);
    encoding.truncated = tokens.count > room;
    return encoding;
  }
  // A pair is read to its end: which of two long texts is longer decides who gets an odd token.
  const Template& pieces = state_->settings.pair;
  LATFORMER_ASSIGN(const size_t room, state_->room(pieces, max_tokens, text.size() < pair->size() ? *pair : text));
  TokenList first(cuts_left ? SIZE_MAX : room), second(cuts_left ? SIZE_MAX : room);
  state_->tokenize(text, first);
  state_->tokenize(*pair, second);
  const auto [of_first, of_second] = longest_first(first.count, second.count, room);
  Encoding encoding = assemble(pieces, range(first, of_first), range(second, of_second));
  state_->finish(text, *pair, encoding);
  encoding.truncated = of_first < first.count || of_second < second.count;
  return encoding;
}

Result<std::vector<Encoding>> Tokenizer::encode_windows(std::string_view text, std::optional<std::string_view> pair,
                                                        size_t max_tokens, size_t stride) const {
  const Template& pieces = pair ? state_->settings.pair : state_->settings.single;
  const std::string_view longer = pair && text.size() < pair->size() ? *pair : text;
  LATFORMER_ASSIGN(const size_t room, state_->room(pieces, max_tokens, longer));
  TokenList first(SIZE_MAX), second(SIZE_MAX);
  state_->tokenize(text, first);
  if (pair) state_->tokenize(*pair, second);
  const TokenList& cut = pair ? second : first;
  const size_t whole = pair ? first.count : 0;  // tokens that are in every window
  if (room <= whole || room - whole <= stride) {
    return invalid_argument("windows of " + std::to_string(max_tokens) + " tokens, special ones" +
                            (pair ? " and " + std::to_string(whole) + " of the first text" : "") +
                            " included, cannot share " + std::to_string(stride));
  }
  const size_t most = room - whole;
  std::vector<Encoding> windows;
  for (size_t begin = 0;; begin += most - stride) {
    const size_t end = std::min(cut.count, most < SIZE_MAX - begin ? begin + most : SIZE_MAX);
    const TokenRange window = {&cut, begin, end};
    windows.push_back(pair ? assemble(pieces, {&first, 0, whole}, window) : assemble(pieces, window, {}));
    state_->finish(text, pair.value_or(std::string_view()), windows.back());
    if (end == cut.count) return windows;
  }
}

size_t Tokenizer::max_tokens() const { return state_->settings.reading.max_tokens; }

size_t Tokenizer::vocabulary_size() const {
  const TokenizerSettings& settings = state_->settings;
  int32_t highest = settings.model->vocabulary().highest_id();
  if (!settings.added_tokens.empty()) highest = std::max(highest, settings.added_tokens.rbegin()->first);
  for (const Template* pieces : {&settings.single, &settings.pair}) {
    for (const TemplatePiece& piece : *pieces) highest = std::max(highest, piece.id);
  }
  return static_cast<size_t>(highest) + 1;
}

TextModelFacts Tokenizer::facts() const { return state_->settings.model->facts(); }

size_t Tokenizer::model_tokens() const { return state_->settings.model->vocabulary().size(); }

std::string_view Tokenizer::token(int32_t id) const { return state_->token(id); }

bool Tokenizer::is_special(int32_t id) const {
  const auto added = state_->settings.added_tokens.find(id);
  return added != state_->settings.added_tokens.end() && added->second.special;
}

std::optional<int32_t> Tokenizer::id(std::string_view token) const {
  const auto added = state_->settings.added_ids.find(token);
  return added != state_->settings.added_ids.end() ? added->second : state_->settings.model->vocabulary().id(token);
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  Decoder decoder(*this, skip_special);
  std::string text;
  for (const int32_t id : ids) text += decoder.append(id);
  return text + decoder.finish();
}

std::string Decoder::append(int32_t id) {
  if (skip_special_ && tokenizer_->is_special(id)) return {};
  const std::string_view token = tokenizer_->token(id);
  if (token.empty()) return {};
  tokenizer_->state_->settings.model->decode(token, is_first_, bytes_);
  is_first_ = false;
  return take(/*all=*/false);
}

std::string Decoder::finish() {
  is_first_ = true;
  return take(/*all=*/true);
}

// The whole characters at the front of bytes_; what is no UTF-8 becomes U+FFFD, a character that is not whole waits.
std::string Decoder::take(bool all) {
  std::string text;
  size_t position = 0;
  while (position < bytes_.size()) {
    const utf8::CodePoint c = utf8::decode(bytes_, position);
    if (c.is_ill_formed && !all && utf8::may_go_on(std::string_view(bytes_).substr(position))) break;
    utf8::append(c.value, text);
    position += c.size;
  }
  bytes_.erase(0, position);
  return text;
}

Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}

}  // namespace latformer
