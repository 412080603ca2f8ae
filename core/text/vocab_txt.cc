// vocab.txt and tokenizer_config.json -> TokenizerSettings.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/format/json.h"
#include "core/format/quote.h"
#include "core/text/settings.h"
#include "core/text/tokenizer_config.h"
#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"

namespace latformer {
namespace {

constexpr std::string_view kVocabFile = "vocab.txt";

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

std::string_view trim_end(std::string_view line) {
  while (!line.empty()) {
    if (line.back() > ' ' && line.back() < 0x7F) break;  // nearly always
    const utf8::CodePoint c = utf8::decode_before(line, line.size());
    if (!unicode::has(c.value, unicode::kWhiteSpace)) break;
    line.remove_suffix(c.size);
  }
  return line;
}

bool is_utf8(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_ascii)) return true;  // nearly always
  for (size_t position = 0; position < text.size();) {
    const utf8::CodePoint c = utf8::decode(text, position);
    if (c.is_ill_formed) return false;
    position += c.size;
  }
  return true;
}

// Line i is the token of id i; white space at its end, the \r of Windows among it, does not count.
// Not inlined: a browser's engine optimises the whole function that a long loop stands in, so that is to be a small
// one.
[[gnu::noinline]] Result<Vocabulary> parse_lines(std::string_view text) {
  constexpr size_t kMaxBytes = size_t{64} << 20;
  if (text.size() > kMaxBytes) return bad_model(std::string(kVocabFile) + " is larger than 64 MiB");
  std::vector<std::pair<std::string_view, int32_t>> entries;
  while (!text.empty()) {
    const size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, newline);
    if (!is_utf8(line)) {
      return bad_model(std::string(kVocabFile) + ": line " + std::to_string(entries.size() + 1) + " is not UTF-8");
    }
    entries.emplace_back(trim_end(line), static_cast<int32_t>(entries.size()));
    text.remove_prefix(std::min(newline + 1, text.size()));
  }
  return Vocabulary::build(kVocabFile, std::move(entries));
}

// A string, or an object of AddedToken's fields.
Result<AddedToken> parse_token(const JsonValue& value) {
  if (!value.is_string()) return parse_added_token(value);
  AddedToken token;  // a special one, looked for in the raw text
  LATFORMER_ASSIGN(token.content, value.string());
  return token;
}

// The special tokens' names, in the order in which transformers adds them.
struct SpecialToken {
  std::string_view key;
  std::string_view by_default;  // empty: there is none
};
constexpr std::array<SpecialToken, 7> kSpecialTokens = {{{"bos_token", ""},
                                                         {"eos_token", ""},
                                                         {"unk_token", "[UNK]"},
                                                         {"sep_token", "[SEP]"},
                                                         {"pad_token", "[PAD]"},
                                                         {"cls_token", "[CLS]"},
                                                         {"mask_token", "[MASK]"}}};

struct Config {
  NormalizerSettings normalizer;
  std::vector<AddedToken> listed;  // of added_tokens_decoder, by id
  std::vector<AddedToken> tokens;  // all that are added, the listed first
  std::string unknown, cls, sep;

  // A token of a content that is known already stays as it was first given.
  void add(AddedToken token) {
    if (contents.insert(token.content).second) tokens.push_back(std::move(token));
  }
  std::set<std::string> contents;
};

Status parse_listed_tokens(const JsonValue& decoder, std::vector<AddedToken>& listed) {
  if (!decoder.given()) return {};
  LATFORMER_ASSIGN(const JsonObject object, decoder.object());
  for (const JsonMember member : object) {
    LATFORMER_ASSIGN(AddedToken token, parse_token(member.value));
    const char* begin = member.key.data();
    const char* end = begin + member.key.size();
    const auto [stop, error] = std::from_chars(begin, end, token.id);
    if (error != std::errc() || stop != end || token.id < 0) return member.value.fault("stands under no token id");
    listed.push_back(std::move(token));
  }
  std::sort(listed.begin(), listed.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return {};
}

Status parse_extra_tokens(const JsonValue& extra, Config& config) {
  if (extra.is_array()) {
    LATFORMER_ASSIGN(const JsonArray array, extra.array());
    for (const JsonValue value : array) {
      LATFORMER_ASSIGN(AddedToken token, parse_token(value));
      config.add(std::move(token));
    }
  } else if (extra.given()) {  // by name
    LATFORMER_ASSIGN(const JsonObject object, extra.object());
    for (const JsonMember member : object) {
      LATFORMER_ASSIGN(AddedToken token, parse_token(member.value));
      config.add(std::move(token));
    }
  }
  return {};
}

Status parse_config(const JsonValue& root, Config& config) {
  LATFORMER_ASSIGN(const bool supported, is_like_bert(root));
  if (!supported) {
    const JsonValue name = root["tokenizer_class"];
    return name.fault("is " + quote(name.string().value()) + ", but only BertTokenizer is supported",
                      ErrorCode::unsupported_model);
  }
  LATFORMER_ASSIGN(const bool basic, root["do_basic_tokenize"].boolean_or(true));
  if (!basic) return root["do_basic_tokenize"].fault("must not be false", ErrorCode::unsupported_model);

  LATFORMER_ASSIGN(config.normalizer, parse_normalizer_settings(root));

  LATFORMER_TRY(parse_listed_tokens(root["added_tokens_decoder"], config.listed));
  for (const AddedToken& token : config.listed) config.add(token);
  for (const auto& [key, by_default] : kSpecialTokens) {
    AddedToken token;
    token.content = by_default;
    if (const JsonValue value = root[key]; value.given()) {
      LATFORMER_ASSIGN(token, parse_token(value));
    }
    if (key == "unk_token") config.unknown = token.content;
    if (key == "cls_token") config.cls = token.content;
    if (key == "sep_token") config.sep = token.content;
    config.add(std::move(token));
  }
  LATFORMER_TRY(parse_extra_tokens(root["extra_special_tokens"], config));
  return parse_extra_tokens(root["additional_special_tokens"], config);
}

}  // namespace

Result<TokenizerSettings> parse_vocab_txt(std::string_view vocab_txt, std::string_view tokenizer_config_json) {
  if (tokenizer_config_json.empty()) tokenizer_config_json = "{}";
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kTokenizerConfigFile, tokenizer_config_json));
  Config config;
  LATFORMER_TRY(parse_config(document.root(), config));

  TokenizerSettings settings;
  settings.normalizer = config.normalizer;
  LATFORMER_ASSIGN(settings.vocabulary, parse_lines(vocab_txt));
  // [CLS] and [SEP] may also be tokens that tokenizer_config.json lists; only named there, they would be given ids that
  // the model has never seen.
  const auto is_listed = [&](const std::string& content) {
    return std::any_of(config.listed.begin(), config.listed.end(),
                       [&](const AddedToken& token) { return token.content == content; });
  };
  for (const std::string& needed : {config.unknown, config.cls, config.sep}) {
    const bool is_known = settings.vocabulary.id(needed) || (needed != config.unknown && is_listed(needed));
    if (needed.empty() || !is_known) {
      return bad_model(std::string(kVocabFile) + ": the token " + quote(needed) + " is missing");
    }
  }
  settings.word_pieces.unknown_id = *settings.vocabulary.id(config.unknown);
  add_tokens(std::move(config.tokens), settings);
  set_bert_templates(settings.added_ids.find(config.cls)->second, settings.added_ids.find(config.sep)->second,
                     settings);
  return settings;
}

}  // namespace latformer
