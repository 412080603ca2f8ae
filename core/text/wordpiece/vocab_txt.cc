// vocab.txt and tokenizer_config.json -> TokenizerSettings.
#include "core/text/wordpiece/vocab_txt.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/format/json.h"
#include "core/format/quote.h"
#include "core/text/tokenizer_config.h"
#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"
#include "core/text/wordpiece/bert_config.h"
#include "core/text/wordpiece/wordpiece_model.h"

namespace latformer {
namespace {

constexpr std::string_view kVocabTxt = "vocab.txt";

std::string_view trim_end(std::string_view line) {
  while (!line.empty()) {
    if (line.back() > ' ' && line.back() < 0x7F) break;  // nearly always
    const utf8::CodePoint c = utf8::decode_before(line, line.size());
    if (!unicode::has(c.value, unicode::kWhiteSpace)) break;
    line.remove_suffix(c.size);
  }
  return line;
}

// Line i is the token of id i; white space at its end, the \r of Windows among it, does not count.
// Not inlined: a browser's engine optimises the whole function that a long loop stands in, so that is to be a small
// one.
[[gnu::noinline]] Result<Vocabulary> parse_lines(std::string_view text) {
  constexpr size_t kMaxBytes = size_t{64} << 20;
  if (text.size() > kMaxBytes) return bad_model(std::string(kVocabTxt) + " is larger than 64 MiB");
  std::vector<std::pair<std::string_view, int32_t>> entries;
  while (!text.empty()) {
    const size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, newline);
    if (!utf8::is_well_formed(line)) {
      return bad_model(std::string(kVocabTxt) + ": line " + std::to_string(entries.size() + 1) + " is not UTF-8");
    }
    entries.emplace_back(trim_end(line), static_cast<int32_t>(entries.size()));
    text.remove_prefix(std::min(newline + 1, text.size()));
  }
  return Vocabulary::build(kVocabTxt, std::move(entries));
}

// In the order in which transformers adds them.
constexpr std::array<SpecialToken, 7> kBertTokens = {{{"bos_token", ""},
                                                      {"eos_token", ""},
                                                      {"unk_token", "[UNK]"},
                                                      {"sep_token", "[SEP]"},
                                                      {"pad_token", "[PAD]"},
                                                      {"cls_token", "[CLS]"},
                                                      {"mask_token", "[MASK]"}}};

}  // namespace

Result<TokenizerSettings> parse_vocab_txt(const TokenizerFiles& files) {
  LATFORMER_ASSIGN(const ConfigDocuments documents, parse_config_documents(files));
  const JsonValue root = documents.config.root();
  LATFORMER_ASSIGN(const bool supported, is_like_bert(root, files.tokenizer_class));
  LATFORMER_ASSIGN(const std::string_view name, tokenizer_class(root, files.tokenizer_class));
  if (!supported || name == kMPNetTokenizer) {
    const std::string where(root["tokenizer_class"].given() ? kTokenizerConfigFile : "config.json");
    return unsupported_model(where + ": tokenizer_class is " + quote(name) + ", but only BertTokenizer is supported");
  }
  LATFORMER_ASSIGN(const bool basic, root["do_basic_tokenize"].boolean_or(true));
  if (!basic) return root["do_basic_tokenize"].unsupported("must not be false");
  LATFORMER_ASSIGN(const NormalizerSettings normalizer, parse_normalizer_settings(root));
  LATFORMER_ASSIGN(ConfiguredTokens configured, parse_configured_tokens(root, documents.legacy(), kBertTokens));
  LATFORMER_ASSIGN(Vocabulary vocabulary, parse_lines(files.vocab_txt));

  // [CLS] and [SEP] may also be tokens that tokenizer_config.json lists; only named there, they would be given ids that
  // the model has never seen.
  const std::string unknown = configured.special["unk_token"];
  const std::string cls = configured.special["cls_token"], sep = configured.special["sep_token"];
  for (const std::string& needed : {unknown, cls, sep}) {
    const bool is_known = vocabulary.id(needed) || (needed != unknown && configured.lists(needed));
    if (needed.empty() || !is_known) {
      return bad_model(std::string(kVocabTxt) + ": the token " + quote(needed) + " is missing");
    }
  }
  WordPieceSettings word_pieces;
  word_pieces.unknown_id = *vocabulary.id(unknown);
  TokenizerSettings settings;
  settings.model = std::make_unique<WordPieceModel>(std::move(vocabulary), std::move(word_pieces), normalizer);
  add_tokens(std::move(configured.tokens), settings);
  set_bert_templates(settings.added_ids.find(cls)->second, settings.added_ids.find(sep)->second, settings);
  return settings;
}

}  // namespace latformer
