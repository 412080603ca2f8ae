#include "core/text/bpe/vocab_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/format/json.h"
#include "core/format/quote.h"
#include "core/text/bpe/bpe_model.h"
#include "core/text/json_parts.h"
#include "core/text/tokenizer_config.h"

namespace latformer {
namespace {

constexpr std::string_view kVocabJson = "vocab.json";
constexpr std::string_view kMergesFile = "merges.txt";

// In the order in which transformers adds them.
constexpr std::string_view kRobertaTokenizer = "RobertaTokenizer";
constexpr std::string_view kEndOfText = "<|endoftext|>";
constexpr std::array<SpecialToken, 7> kGpt2Tokens = {{{"bos_token", kEndOfText},
                                                      {"eos_token", kEndOfText},
                                                      {"unk_token", kEndOfText},
                                                      {"sep_token", ""},
                                                      {"pad_token", ""},
                                                      {"cls_token", ""},
                                                      {"mask_token", ""}}};

constexpr std::array<SpecialToken, 7> kRobertaTokens = {{{"bos_token", "<s>"},
                                                         {"eos_token", "</s>"},
                                                         {"unk_token", "<unk>"},
                                                         {"sep_token", "</s>"},
                                                         {"pad_token", "<pad>"},
                                                         {"cls_token", "<s>"},
                                                         {"mask_token", "<mask>"}}};

// A merge a line; lines that begin with "#version" and empty ones are passed over.
// Not inlined: a browser's engine optimises the whole function that a long loop stands in, so that is to be a small
// one.
[[gnu::noinline]] Result<Merges> parse_lines(std::string_view text, const Vocabulary& vocabulary) {
  constexpr size_t kMaxBytes = size_t{64} << 20;
  if (text.size() > kMaxBytes) return bad_model(std::string(kMergesFile) + " is larger than 64 MiB");
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t newline = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos || line.find(' ', blank + 1) != std::string_view::npos) {
      return bad_model(std::string(kMergesFile) + ": line " + std::to_string(number) +
                       " is no merge: two tokens with a blank between them");
    }
    pairs.emplace_back(line.substr(0, blank), line.substr(blank + 1));
  }
  return Merges::build(kMergesFile, vocabulary, pairs);
}

Result<bool> is_roberta(const JsonValue& config, std::string_view otherwise) {
  LATFORMER_ASSIGN(const std::string_view name, tokenizer_class(config, otherwise));
  if (name.empty() || name == "GPT2Tokenizer") return false;
  if (name == kRobertaTokenizer) return true;
  const std::string where(config["tokenizer_class"].given() ? kTokenizerConfigFile : "config.json");
  return unsupported_model(where + ": tokenizer_class is " + quote(name) +
                           ", but only GPT2Tokenizer and RobertaTokenizer are supported");
}

}  // namespace

Result<TokenizerSettings> parse_vocab_json(const TokenizerFiles& files) {
  using PieceKind = TemplatePiece::Kind;
  LATFORMER_ASSIGN(const ConfigDocuments documents, parse_config_documents(files));
  const JsonValue config = documents.config.root();
  LATFORMER_ASSIGN(const bool roberta, is_roberta(config, files.tokenizer_class));
  LATFORMER_ASSIGN(ConfiguredTokens configured,
                   parse_configured_tokens(config, documents.legacy(), roberta ? kRobertaTokens : kGpt2Tokens));
  LATFORMER_ASSIGN(const bool prefix_space, config["add_prefix_space"].boolean_or(false));
  LATFORMER_ASSIGN(const bool adds_first, config["add_bos_token"].boolean_or(false));
  LATFORMER_ASSIGN(const bool adds_last, config["add_eos_token"].boolean_or(false));

  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kVocabJson, files.vocab_json));
  LATFORMER_ASSIGN(Vocabulary vocabulary, parse_vocabulary(kVocabJson, document.root()));
  LATFORMER_ASSIGN(Merges merges, parse_lines(files.merges_txt, vocabulary));

  PreTokenizer steps;
  if (prefix_space) steps.push_back({.kind = PreTokenizerStep::Kind::prefix, .text = " "});
  steps.push_back({.kind = PreTokenizerStep::Kind::words, .pattern = kGpt2Pattern});
  TokenizerSettings settings;
  settings.model = std::make_unique<BpeModel>(std::move(vocabulary), std::move(merges), Normalizers(), std::move(steps),
                                              BpeSettings());
  const std::string first = adds_first ? configured.special["bos_token"] : "";
  const std::string last = adds_last ? configured.special["eos_token"] : "";
  const std::string cls = configured.special["cls_token"], sep = configured.special["sep_token"];
  add_tokens(std::move(configured.tokens), settings);
  if (roberta) {
    for (const std::string& needed : {cls, sep}) {
      if (!settings.model->vocabulary().id(needed)) {
        return bad_model(std::string(kVocabJson) + ": the token " + quote(needed) + " is missing");
      }
    }
    set_roberta_templates(settings.added_ids.find(cls)->second, settings.added_ids.find(sep)->second, settings);
    LATFORMER_ASSIGN(const bool trims, config["trim_offsets"].boolean_or(true));
    if (trims) settings.trimmed_spans = {.keeps_first = prefix_space};
    return settings;
  }
  // Each text with what stands around it.
  const auto surrounded = [&](PieceKind kind, uint8_t type) {
    Template pieces;
    const auto add = [&](const std::string& token) {
      if (!token.empty()) pieces.push_back({PieceKind::special, type, settings.added_ids.find(token)->second});
    };
    add(first);
    pieces.push_back({kind, type});
    add(last);
    return pieces;
  };
  settings.single = surrounded(PieceKind::first_text, 0);
  settings.pair = settings.single;
  for (const TemplatePiece& piece : surrounded(PieceKind::second_text, 1)) settings.pair.push_back(piece);
  return settings;
}

}  // namespace latformer
