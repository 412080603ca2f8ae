// Files of tokenizers: what is accepted, and what is refused with which words.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/text/tokenizer.h"
#include "tests/unit/text/fixtures.h"

namespace latformer {
namespace {

using testing::JsonParts;

constexpr std::string_view kVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n##s\n";

void expect_error(const Result<Tokenizer>& result, ErrorCode code, std::string_view part_of_message) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), code) << result.status().message();
  EXPECT_NE(result.status().message().find(part_of_message), std::string::npos) << result.status().message();
}

void expect_json_error(const std::string& json, ErrorCode code, std::string_view part_of_message) {
  SCOPED_TRACE(json);
  expect_error(Tokenizer::from_tokenizer_json(json), code, part_of_message);
}

std::vector<int32_t> ids(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, std::nullopt, 1000)->ids;
}

TEST(TokenizerJson, EveryBeginningOfAFileIsRefused) {
  const std::string json = JsonParts().json();
  ASSERT_TRUE(Tokenizer::from_tokenizer_json(json).ok());
  for (size_t size = 0; size < json.size(); ++size) {
    const Result<Tokenizer> tokenizer = Tokenizer::from_tokenizer_json(json.substr(0, size));
    ASSERT_FALSE(tokenizer.ok()) << size;
    EXPECT_EQ(tokenizer.status().code(), ErrorCode::bad_model);
  }
}

TEST(TokenizerJson, RefusesWhatIsNoTokenizer) {
  for (const char* json : {"", "[]", "null", "1", "\"\"", "{}", R"({"model":null})", R"({"model":[]})"}) {
    expect_json_error(json, ErrorCode::bad_model, "tokenizer.json");
  }
}

// As transformers: 5.23 gives these normalizers.
TEST(TokenizerJson, ItsNormalizerYieldsToThatOfTokenizerConfig) {
  JsonParts parts;
  parts.vocabulary = R"({"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"[MASK]":4,"a":5,"A":6,"\u00c4":7,"\u00e4":8})";
  parts.post_processor = "null";
  const auto check = [&](const char* config, int32_t of_upper, int32_t of_accent) {
    const Tokenizer t = Tokenizer::from_tokenizer_json(parts.json(), config).value();
    EXPECT_EQ(ids(t, "A \u00c4"), (std::vector<int32_t>{of_upper, of_accent})) << config;
  };
  check("", 5, 5);
  check("{}", 5, 5);
  check(R"({"do_lower_case":false})", 6, 7);
  check(R"({"do_lower_case":false,"strip_accents":true})", 6, 6);
  check(R"({"strip_accents":false})", 5, 8);
  check(R"({"do_lower_case":false,"tokenizer_class":"PreTrainedTokenizerFast"})", 5, 5);
  parts.normalizer = R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"lowercase":false})";
  check("", 6, 7);
  check(R"({"do_lower_case":false})", 6, 7);
  check(R"({"tokenizer_class":"BertTokenizer"})", 5, 5);
  check(R"({"tokenizer_class":"PreTrainedTokenizerFast"})", 6, 7);
  expect_error(Tokenizer::from_tokenizer_json(parts.json(), R"({"do_lower_case":1})"), ErrorCode::bad_model,
               "tokenizer_config.json: do_lower_case");
}

// Else a text would take the square of its length.
TEST(TokenizerJson, RefusesTokensThatAreSearchedForTooLong) {
  const std::string word(1001, 'x');
  JsonParts parts;
  parts.vocabulary = R"({"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"[MASK]":4,")" + word + R"(":5})";
  EXPECT_TRUE(Tokenizer::from_tokenizer_json(parts.json()).ok());  // words end at 100
  parts.max_chars = "1000000";
  expect_json_error(parts.json(), ErrorCode::unsupported_model, "model.vocab has a token of more than 1000 bytes");
  parts = JsonParts();
  parts.added_tokens = R"([{"id":5,"content":")" + word + R"("}])";
  expect_json_error(parts.json(), ErrorCode::unsupported_model, "an added token of more than 1000 bytes");
}

TEST(TokenizerJson, RefusesTemplatesThatGoOnForEver) {
  std::string many, ids;
  for (int i = 0; i < 40; ++i) {
    many += R"({"SpecialToken":{"id":"[SEP]","type_id":0}},)";
    ids += (i > 0 ? ",3" : "3");
  }
  const auto processor = [](const std::string& pieces, const std::string& sep_ids) {
    return R"({"type":"TemplateProcessing","single":[)" + pieces + R"({"Sequence":{"id":"A","type_id":0}}],)" +
           R"("pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],)" +
           R"("special_tokens":{"[SEP]":{"id":"[SEP]","ids":[)" + sep_ids + R"(],"tokens":["[SEP]"]}}})";
  };
  JsonParts parts;
  parts.post_processor = processor("", "3");
  ASSERT_TRUE(Tokenizer::from_tokenizer_json(parts.json()).ok());
  parts.post_processor = processor(many, "3");
  expect_json_error(parts.json(), ErrorCode::unsupported_model, "post_processor.single has too many pieces");
  parts.post_processor = processor(R"({"SpecialToken":{"id":"[SEP]","type_id":0}},)", ids);
  expect_json_error(parts.json(), ErrorCode::unsupported_model, "post_processor.single has too many pieces");
}

TEST(TokenizerJson, NamesTheMissingOrWrongField) {
  const auto check = [](std::string JsonParts::* field, const char* value, std::string_view part_of_message) {
    JsonParts parts;
    parts.*field = value;
    expect_json_error(parts.json(), ErrorCode::bad_model, part_of_message);
  };
  check(&JsonParts::unk_token, "null", "model.unk_token");
  check(&JsonParts::unk_token, R"("<unk>")", "model.unk_token is \"<unk>\", which is not in the vocabulary");
  check(&JsonParts::prefix, "2", "model.continuing_subword_prefix");
  check(&JsonParts::max_chars, "-1", "model.max_input_chars_per_word");
  check(&JsonParts::max_chars, "1.5", "model.max_input_chars_per_word");
  check(&JsonParts::vocabulary, "[]", "model.vocab");
  check(&JsonParts::vocabulary, "{}", "model.unk_token");
  check(&JsonParts::vocabulary, R"({"a":0})", "model.unk_token");
  check(&JsonParts::vocabulary, R"({"[UNK]":-1})", "model.vocab");
  check(&JsonParts::vocabulary, R"({"[UNK]":2147483648})", "model.vocab");
  check(&JsonParts::vocabulary, R"({"[UNK]":"0"})", "model.vocab");
  check(&JsonParts::vocabulary, R"({"[UNK]":0,"a":1,"b":1})", "id 1 belongs to two tokens, \"a\" and \"b\"");
  check(&JsonParts::vocabulary, R"({"[UNK]":0,"a":1,"a":2})", "twice");
  check(&JsonParts::normalizer, R"({"type":"BertNormalizer"})", "normalizer.clean_text");
  check(&JsonParts::normalizer, "1", "normalizer");
  check(&JsonParts::pre_tokenizer, "{}", "pre_tokenizer.type");
  check(&JsonParts::post_processor, R"({"type":"BertProcessing","sep":["[SEP]",3]})", "post_processor.cls");
  check(&JsonParts::post_processor, R"({"type":"BertProcessing","cls":["[CLS]"],"sep":["[SEP]",3]})", "cls");
  check(&JsonParts::post_processor, R"({"type":"TemplateProcessing"})", "post_processor.single");
  check(&JsonParts::post_processor,
        R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[X]","type_id":0}}],"special_tokens":{}})",
        "post_processor.special_tokens");
  check(&JsonParts::post_processor, R"({"type":"TemplateProcessing","single":[{"Sequence":{"id":"C","type_id":0}}]})",
        "must be \"A\" or \"B\"");
  check(&JsonParts::post_processor, R"({"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":256}}]})",
        "type_id");
  check(&JsonParts::added_tokens, R"([{"id":1}])", "added_tokens[0].content");
  check(&JsonParts::added_tokens, R"([{"content":"a","lstrip":1}])", "added_tokens[0].lstrip");
  check(&JsonParts::added_tokens, "{}", "added_tokens");
  check(&JsonParts::added_tokens, R"([{"content":"\u0301","normalized":true}])", "is empty once it is normalized");
}

TEST(TokenizerJson, NamesWhatItDoesNotSupport) {
  const auto check = [](std::string JsonParts::* field, const char* value, std::string_view part_of_message) {
    JsonParts parts;
    parts.*field = value;
    expect_json_error(parts.json(), ErrorCode::unsupported_model, part_of_message);
  };
  check(&JsonParts::model_type, R"("type":"WordLevel",)", "model.type is \"WordLevel\"");
  check(&JsonParts::normalizer, R"({"type":"NFC"})", "normalizer.type is \"NFC\"");
  check(&JsonParts::normalizer, R"({"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"Lowercase"}]})",
        "Sequence");
  check(&JsonParts::pre_tokenizer, "null", "pre_tokenizer");
  check(&JsonParts::pre_tokenizer, R"({"type":"Whitespace"})", "pre_tokenizer.type is \"Whitespace\"");
  check(&JsonParts::post_processor, R"({"type":"Nobody'sProcessing"})", "post_processor.type");
  check(&JsonParts::post_processor, R"({"type":"TemplateProcessing","single":[]})", "must use the text once");
  const JsonParts parts;
  expect_json_error(R"({"version":"2.0",)" + parts.json().substr(std::string_view(R"({"version":"1.0",)").size()),
                    ErrorCode::unsupported_model, "version is \"2.0\"");
}

TEST(TokenizerJson, AcceptsOlderAndSimplerForms) {
  JsonParts parts;
  parts.vocabulary = testing::vocabulary_of({"a", "A"});
  parts.model_type = "";  // the first versions did not name it
  parts.post_processor = "null";
  parts.added_tokens = "null";
  parts.normalizer = "null";
  EXPECT_EQ(ids(Tokenizer::from_tokenizer_json(parts.json()).value(), "A a [MASK]"),
            (std::vector<int32_t>{6, 5, 1, 1, 1}));
  parts.normalizer = R"({"type":"Sequence","normalizers":[{"type":"Lowercase"}]})";
  parts.pre_tokenizer = R"({"type":"Sequence","pretokenizers":[{"type":"BertPreTokenizer"}]})";
  EXPECT_EQ(ids(Tokenizer::from_tokenizer_json(parts.json()).value(), "A a"), (std::vector<int32_t>{5, 5}));
}

TEST(TokenizerJson, IdsMayHaveGaps) {
  JsonParts parts;
  parts.vocabulary = R"({"[UNK]":7,"[CLS]":2,"[SEP]":3,"a":2147483647})";
  parts.added_tokens = "[]";
  const Tokenizer t = Tokenizer::from_tokenizer_json(parts.json()).value();
  EXPECT_EQ(ids(t, "a b"), (std::vector<int32_t>{2, 2147483647, 7, 3}));
  EXPECT_EQ(t.vocabulary_size(), size_t{2147483648});
  EXPECT_EQ(t.token(5), "");
}

TEST(VocabTxt, IsReadLineByLine) {
  const Tokenizer t = Tokenizer::from_vocab(kVocab, "").value();
  EXPECT_EQ(ids(t, "Hellos [MASK]"), (std::vector<int32_t>{2, 5, 6, 4, 3}));
  std::string windows;
  for (const char c : kVocab) windows += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(ids(Tokenizer::from_vocab(windows, "{}").value(), "Hellos"), (std::vector<int32_t>{2, 5, 6, 3}));
  const std::string_view no_newline = kVocab.substr(0, kVocab.size() - 1);
  EXPECT_EQ(ids(Tokenizer::from_vocab(no_newline, "").value(), "Hellos"), (std::vector<int32_t>{2, 5, 6, 3}));
}

TEST(VocabTxt, OfALineGivenTwiceTheLastCounts) {
  const Tokenizer t = Tokenizer::from_vocab(std::string(kVocab) + "hello\n\n\n", "").value();
  EXPECT_EQ(t.id("hello"), 7);
  EXPECT_EQ(t.vocabulary_size(), 10u);
}

TEST(VocabTxt, RefusesWhatCannotWork) {
  expect_error(Tokenizer::from_vocab("\n", ""), ErrorCode::bad_model, "vocab.txt: the token \"[UNK]\" is missing");
  expect_error(Tokenizer::from_vocab("[UNK]\n[CLS]\n", ""), ErrorCode::bad_model, "\"[SEP]\" is missing");
  expect_error(Tokenizer::from_vocab("[UNK]\n[SEP]\n", ""), ErrorCode::bad_model, "\"[CLS]\" is missing");
  expect_error(Tokenizer::from_vocab("[UNK]\n\xff\n", ""), ErrorCode::bad_model, "vocab.txt: line 2 is not UTF-8");
  expect_error(Tokenizer::from_vocab(kVocab, "{"), ErrorCode::bad_model, "tokenizer_config.json");
  expect_error(Tokenizer::from_vocab(kVocab, R"({"do_lower_case":1})"), ErrorCode::bad_model, "do_lower_case");
  expect_error(Tokenizer::from_vocab(kVocab, R"({"unk_token":5})"), ErrorCode::bad_model, "unk_token");
  expect_error(Tokenizer::from_vocab(kVocab, R"({"unk_token":"?"})"), ErrorCode::bad_model, "\"?\" is missing");
  expect_error(Tokenizer::from_vocab(std::string(kVocab) + "\n", R"({"cls_token":""})"), ErrorCode::bad_model,
               "missing");
  expect_error(Tokenizer::from_vocab(kVocab, R"({"added_tokens_decoder":{"x":"y"}})"), ErrorCode::bad_model,
               "token id");
  expect_error(Tokenizer::from_vocab(kVocab, R"({"extra_special_tokens":"y"})"), ErrorCode::bad_model, "extra_special");
  expect_error(Tokenizer::from_vocab(kVocab, R"({"do_basic_tokenize":false})"), ErrorCode::unsupported_model,
               "do_basic_tokenize");
  expect_error(Tokenizer::from_vocab(kVocab, R"({"tokenizer_class":"RobertaTokenizer"})"), ErrorCode::unsupported_model,
               "tokenizer_class is \"RobertaTokenizer\"");
}

TEST(VocabTxt, TakesSettingsFromTheConfig) {
  const std::string vocab = "<pad>\n<unk>\n<s>\n</s>\nHello\nhello\n\u00e9\ne\n\u4e2d\u6587\n";
  const Tokenizer t = Tokenizer::from_vocab(vocab, R"({
    "do_lower_case": false, "strip_accents": true, "tokenize_chinese_chars": false, "tokenizer_class": "BertTokenizerFast",
    "unk_token": "<unk>", "cls_token": {"__type": "AddedToken", "content": "<s>", "normalized": false},
    "sep_token": {"content": "</s>"}, "pad_token": null, "model_max_length": 512,
    "added_tokens_decoder": {"20": {"content": "<x>", "rstrip": true, "special": true}},
    "additional_special_tokens": ["<y>"]})")
                          .value();
  EXPECT_EQ(ids(t, "Hello \u00e9 HELLO \u4e2d\u6587"), (std::vector<int32_t>{2, 4, 7, 1, 8, 3}));
  EXPECT_EQ(t.id("<x>"), 9);  // the id that it is listed under does not count, as in Hugging Face's fast tokenizers
  EXPECT_EQ(t.id("[PAD]"), std::nullopt);
  EXPECT_EQ(t.id("[MASK]"), 10);
  EXPECT_EQ(t.id("<y>"), 11);
  EXPECT_EQ(ids(t, "<y><x>  hello"), (std::vector<int32_t>{2, 11, 9, 5, 3}));
  // </s> is given as an object without "special": transformers looks for it in the normalized text.
  EXPECT_EQ(ids(t, "hello</s>"), (std::vector<int32_t>{2, 5, 3, 3}));
}

TEST(TokenizerConfig, IsAnObjectWhicheverFileStandsBesideIt) {
  const std::string json = JsonParts().json();
  for (const char* config : {"[]", "\"BertTokenizer\"", "null", "1"}) {
    expect_error(Tokenizer::from_vocab(kVocab, config), ErrorCode::bad_model,
                 "tokenizer_config.json: the document must be an object");
    expect_error(Tokenizer::from_tokenizer_json(json, config), ErrorCode::bad_model,
                 "tokenizer_config.json: the document must be an object");
  }
}

// Tokens that tokenizer_config.json adds are numbered on behind those of tokenizer.json, and end with the model's ids.
TEST(TokenizerJson, TokensThatOtherFilesAdd) {
  constexpr std::string_view kJson = R"({"version": "1.0", "normalizer": null,
    "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null,
    "added_tokens": [{"id": 2, "content": "<a>", "special": true}],
    "model": {"type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100, "vocab": {"?": 0, "b": 1}}})";
  constexpr std::string_view kConfig = R"({"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<p>",
    "image_token": "b", "additional_special_tokens": ["<a>", "<x>"]})";
  const auto ids_with = [&](size_t vocab_size) {
    const Tokenizer t =
        Tokenizer::create({.tokenizer_json = kJson, .tokenizer_config_json = kConfig, .vocab_size = vocab_size})
            .value();
    return t.encode("<a>b<p><x>", {}, 20).value().ids;
  };
  EXPECT_EQ(ids_with(SIZE_MAX), (std::vector<int32_t>{2, 1, 3, 4}));
  EXPECT_EQ(ids_with(4), (std::vector<int32_t>{2, 1, 3, 0, 0, 0}));
  EXPECT_EQ(ids_with(3), (std::vector<int32_t>{2, 1, 0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace latformer
