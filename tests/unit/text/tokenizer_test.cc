// The rules of the tokenizer, one by one. Expectations are Hugging Face's; what these few lines leave out is in
// golden_test.cc.
#include "core/text/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/text/fixtures.h"

namespace latformer {
namespace {

using testing::JsonParts;
using testing::vocabulary_of;

constexpr size_t kAll = 1'000'000;

Tokenizer make(const JsonParts& parts) {
  Result<Tokenizer> tokenizer = Tokenizer::from_tokenizer_json(parts.json());
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return std::move(tokenizer).value();
}

Tokenizer make_of(const std::vector<std::string>& words) {
  JsonParts parts;
  parts.vocabulary = vocabulary_of(words);
  return make(parts);
}

std::string normalizer(bool clean, bool chinese, std::string_view accents, bool lower) {
  const auto text = [](bool value) { return value ? std::string("true") : std::string("false"); };
  return R"({"type":"BertNormalizer","clean_text":)" + text(clean) + R"(,"handle_chinese_chars":)" + text(chinese) +
         R"(,"strip_accents":)" + std::string(accents) + R"(,"lowercase":)" + text(lower) + "}";
}

// The tokens of `encoding`, each with the text it stands for: "hu:Hu ##gs:gs [SEP]:".
std::string show(const Tokenizer& tokenizer, const Encoding& encoding, std::string_view text,
                 std::string_view pair = "") {
  std::string shown;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const auto [begin, end] = encoding.spans[i];
    if (i > 0) shown += ' ';
    shown += tokenizer.token(encoding.ids[i]);
    shown += ':';
    shown += (encoding.sequence_ids[i] == 0 ? text : pair).substr(begin, end - begin);
  }
  return shown;
}

// The same for `text` alone, without [CLS] and [SEP].
std::string pieces(const Tokenizer& tokenizer, std::string_view text) {
  const Result<Encoding> encoding = tokenizer.encode(text, std::nullopt, kAll);
  const std::string shown = show(tokenizer, *encoding, text);
  EXPECT_TRUE(shown.starts_with("[CLS]:") && shown.ends_with("[SEP]:")) << shown;
  return shown.size() < 14 ? "" : shown.substr(7, shown.size() - 14);
}

TEST(Tokenizer, CutsWordsGreedily) {
  const Tokenizer t = make_of({"un", "##aff", "##able", "unaff", "##ab", "##le", "able"});
  EXPECT_EQ(pieces(t, "unaffable"), "unaff:unaff ##able:able");
  EXPECT_EQ(pieces(t, "able unable"), "able:able un:un ##able:able");
  EXPECT_EQ(pieces(t, "unables"), "[UNK]:unables");  // one bad piece spoils the word
  EXPECT_EQ(pieces(t, "affable"), "[UNK]:affable");  // ##aff does not begin a word
  EXPECT_EQ(pieces(t, ""), "");
  EXPECT_EQ(pieces(t, " \t\n "), "");
}

TEST(Tokenizer, GreedMayFailWhereAnotherCutWouldNot) {
  const Tokenizer t = make_of({"ab", "a", "##bc"});
  EXPECT_EQ(pieces(t, "abc"), "[UNK]:abc");
}

TEST(Tokenizer, SeparatesPunctuation) {
  const Tokenizer t = make_of({"don", "'", "t", "$", "5", ".", "\xE3\x80\x82", "_", "a"});
  EXPECT_EQ(pieces(t, "Don't"), "don:Don ':' t:t");
  EXPECT_EQ(pieces(t, "$5..5"), "$:$ 5:5 .:. .:. 5:5");
  EXPECT_EQ(pieces(t, "a_a"), "a:a _:_ a:a");
  EXPECT_EQ(pieces(t, "a\u3002a"), "a:a \u3002:\u3002 a:a");
}

TEST(Tokenizer, TreatsWordsLongerThanTheLimitAsUnknown) {
  JsonParts parts;
  parts.vocabulary = vocabulary_of({"a", "##a", "\xC3\xA9", "##\xC3\xA9"});
  parts.normalizer = normalizer(true, true, "false", true);
  parts.max_chars = "3";
  const Tokenizer t = make(parts);
  EXPECT_EQ(pieces(t, "aaa"), "a:a ##a:a ##a:a");
  EXPECT_EQ(pieces(t, "aaaa aa"), "[UNK]:aaaa a:a ##a:a");
  EXPECT_EQ(pieces(t, "\u00e9\u00e9\u00e9"), "\u00e9:\u00e9 ##\u00e9:\u00e9 ##\u00e9:\u00e9");  // counts code points
  parts.max_chars = "0";
  EXPECT_EQ(pieces(make(parts), "a aa"), "[UNK]:a [UNK]:aa");
}

TEST(Tokenizer, Cleans) {
  const Tokenizer t = make_of({"ab", "a", "b"});
  EXPECT_EQ(pieces(t, "a\u200db"), "ab:a\u200db");                               // format character
  EXPECT_EQ(pieces(t, std::string_view("a\0b", 3)), std::string("ab:a\0b", 6));  // control character
  EXPECT_EQ(pieces(t, "a\u00a0b\u2003a\u3000b"), "a:a b:b a:a b:b");
  EXPECT_EQ(pieces(t,
                   "a\x0b"
                   "b"),
            "ab:a\x0b"
            "b");  // vertical tab is a control character here, not white space
  EXPECT_EQ(pieces(t, "a\ufffdb"), "ab:a\ufffdb");
  EXPECT_EQ(pieces(t,
                   "\xEF\xBB\xBF"
                   "ab"),
            "ab:ab");                                       // byte order mark
  EXPECT_EQ(pieces(t, "a\U000e0001b"), "ab:a\U000e0001b");  // tag
  EXPECT_EQ(pieces(t, "a\u0378b"), "[UNK]:a\u0378b");       // unassigned: kept
}

TEST(Tokenizer, KeepsControlCharactersIfToldTo) {
  JsonParts parts;
  parts.vocabulary = vocabulary_of({"ab", "a", "b"});
  parts.normalizer = normalizer(false, false, "null", true);
  const Tokenizer t = make(parts);
  EXPECT_EQ(pieces(t, "a\u200db"), "[UNK]:a\u200db");
  EXPECT_EQ(pieces(t,
                   "A\x0b"
                   "B\u0085a"),
            "a:A b:B a:a");
}

TEST(Tokenizer, LowersAndStripsAccents) {
  const Tokenizer t = make_of({"ecole", "istanbul", "strasse", "stra\u00dfe", "\u03c3\u03b1\u03c3", "resume"});
  EXPECT_EQ(pieces(t, "\u00c9cole e\u0301cole"), "ecole:\u00c9cole ecole:e\u0301cole");
  EXPECT_EQ(pieces(t, "\u0130stanbul"), "istanbul:\u0130stanbul");
  EXPECT_EQ(pieces(t, "STRASSE Stra\u00dfe"), "strasse:STRASSE stra\u00dfe:Stra\u00dfe");
  EXPECT_EQ(pieces(t, "\u03a3\u03b1\u03a3"), "\u03c3\u03b1\u03c3:\u03a3\u03b1\u03a3");  // no final sigma
  EXPECT_EQ(pieces(t, "R\u00c9SUM\u00c9"), "resume:R\u00c9SUM\u00c9");
}

TEST(Tokenizer, StripsAccentsApartFromCase) {
  JsonParts parts;
  parts.vocabulary = vocabulary_of({"\u00c9cole", "Ecole", "\u00e9cole", "ecole", "i\u0307"});
  parts.normalizer = normalizer(true, true, "null", false);
  EXPECT_EQ(pieces(make(parts), "\u00c9cole"), "\u00c9cole:\u00c9cole");
  parts.normalizer = normalizer(true, true, "true", false);
  EXPECT_EQ(pieces(make(parts), "\u00c9cole"), "Ecole:\u00c9cole");
  parts.normalizer = normalizer(true, true, "false", true);
  EXPECT_EQ(pieces(make(parts), "\u00c9cole \u0130"), "\u00e9cole:\u00c9cole i\u0307:\u0130");
}

TEST(Tokenizer, DecomposesHangul) {
  const Tokenizer t = make_of({"\u1112\u1161\u11ab", "##\u1100\u116e\u11a8"});
  EXPECT_EQ(pieces(t, "\ud55c\uad6d"), "\u1112\u1161\u11ab:\ud55c ##\u1100\u116e\u11a8:\uad6d");
}

TEST(Tokenizer, PutsMarksIntoCanonicalOrderBeforeItStripsThem) {
  // U+302E outlives the stripping. It has class 224, so it goes before the acute (230), and takes the acute's place in
  // the text too: Hugging Face hands out places in the order of the text.
  const Tokenizer t = make_of({"a", "##\u302e"});
  EXPECT_EQ(pieces(t, "a\u0301\u302e"), "a:a ##\u302e:\u0301");
  EXPECT_EQ(pieces(t, "a\u0316\u302e\u0301"), "a:a ##\u302e:\u302e");
}

TEST(Tokenizer, SeparatesChineseCharacters) {
  JsonParts parts;
  parts.vocabulary = vocabulary_of({"\u4e2d", "\u6587", "a", "##\u4e2d", "##\u6587", "##a", "\u8c48"});
  EXPECT_EQ(pieces(make(parts), "a\u4e2d\u6587a"), "a:a \u4e2d:\u4e2d \u6587:\u6587 a:a");
  EXPECT_EQ(pieces(make(parts), "\uf900"), "\u8c48:\uf900");  // a compatibility ideograph decomposes
  parts.normalizer = normalizer(true, false, "null", true);
  EXPECT_EQ(pieces(make(parts), "a\u4e2d\u6587a"), "a:a ##\u4e2d:\u4e2d ##\u6587:\u6587 ##a:a");
}

TEST(Tokenizer, ReadsIllFormedUtf8AsReplacementCharacters) {
  const Tokenizer t = make_of({"ab", "a", "b"});
  EXPECT_EQ(pieces(t,
                   "a\xff"
                   "b \xf0\x9f\x98 a"),
            "ab:a\xff"
            "b a:a");  // cleaned away like U+FFFD
  JsonParts parts;
  parts.vocabulary = vocabulary_of({"a", "##\ufffd"});
  parts.normalizer = normalizer(false, false, "false", false);
  EXPECT_EQ(pieces(make(parts), "a\xf0\x9f\x98\xc0\x80\xed\xa0\x80"),
            "a:a ##\ufffd:\xf0\x9f\x98 ##\ufffd:\xc0 ##\ufffd:\x80 ##\ufffd:\xed ##\ufffd:\xa0 ##\ufffd:\x80");
}

TEST(Tokenizer, CutsSpecialTokensOut) {
  const Tokenizer t = make_of({"a", "b", "[", "]", "mask"});
  EXPECT_EQ(pieces(t, "a[MASK]b"), "a:a [MASK]:[MASK] b:b");
  EXPECT_EQ(pieces(t, "[mask]"), "[:[ mask:mask ]:]");  // looked for in the raw text
  EXPECT_EQ(pieces(t, "[[MASK]]"), "[:[ [MASK]:[MASK] ]:]");
}

TEST(Tokenizer, AddedTokensMayStripMatchNormalizedOrWholeWords) {
  JsonParts parts;
  parts.vocabulary = vocabulary_of({"a", "x", "new", "york", "in", "newyork"});
  parts.added_tokens = R"([
    {"content":"<l>","lstrip":true,"special":true},
    {"content":"<r>","rstrip":true,"special":true},
    {"content":"New York","normalized":true},
    {"content":"in","single_word":true,"normalized":false}])";
  const Tokenizer t = make(parts);
  EXPECT_EQ(t.id("<l>"), 11);  // numbered on from the vocabulary
  EXPECT_EQ(t.id("New York"), 13);
  EXPECT_EQ(t.id("in"), 9);
  EXPECT_EQ(t.vocabulary_size(), 14u);
  EXPECT_EQ(pieces(t, "a \u3000<l> a"), "a:a <l>: \u3000<l> a:a");
  EXPECT_EQ(pieces(t, "a <r> \u3000a"), "a:a <r>:<r> \u3000 a:a");
  EXPECT_EQ(pieces(t, "in NEW Y\u00d6RK"), "in:in New York:NEW Y\u00d6RK");
  EXPECT_EQ(pieces(t, "new  york"), "new:new york:york");
  EXPECT_EQ(pieces(t, "in-in"), "in:in [UNK]:- in:in");
  EXPECT_EQ(pieces(t, "xin in"), "[UNK]:xin in:in");
}

TEST(Tokenizer, OfAddedTokensTheLeftmostThenTheLongestCounts) {
  JsonParts parts;
  parts.vocabulary = vocabulary_of({"b", "c", "abc"});
  parts.added_tokens =
      R"([{"content":"a","special":true},{"content":"ab","special":true},{"content":"bc","special":true}])";
  EXPECT_EQ(pieces(make(parts), "abc"), "ab:ab c:c");
}

TEST(Tokenizer, JoinsPairs) {
  const Tokenizer t = make_of({"a", "b"});
  const Result<Encoding> e = t.encode("a a", "b", kAll);
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(show(t, *e, "a a", "b"), "[CLS]: a:a a:a [SEP]: b:b [SEP]:");
  EXPECT_EQ(e->type_ids, (std::vector<uint8_t>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(e->sequence_ids, (std::vector<uint8_t>{0, 0, 0, 0, 1, 0}));
  EXPECT_EQ(e->is_special, (std::vector<uint8_t>{1, 0, 0, 1, 0, 1}));
  const Result<Encoding> empty = t.encode("", "", kAll);
  EXPECT_EQ(empty->ids, (std::vector<int32_t>{2, 3, 3}));
}

TEST(Tokenizer, TellsWhichPiecesGoOnWithAWord) {
  for (const char* prefix : {R"("##")", R"("@")", R"("")"}) {
    JsonParts parts;
    const std::string behind = std::string(prefix).substr(1, std::string(prefix).size() - 2);
    parts.vocabulary = vocabulary_of(behind.empty() ? std::vector<std::string>{"a", "b"}
                                                    : std::vector<std::string>{"a", "b", behind + "b"});
    parts.prefix = prefix;
    const Encoding e = make(parts).encode("ab b", std::nullopt, kAll).value();
    EXPECT_EQ(e.continues, (std::vector<uint8_t>{0, 0, 1, 0, 0})) << prefix;
  }
}

TEST(Tokenizer, ObeysTheTemplate) {
  JsonParts parts;
  parts.vocabulary = vocabulary_of({"a", "b"});
  parts.post_processor = R"({"type":"TemplateProcessing",
    "single":[{"Sequence":{"id":"A","type_id":3}}],
    "pair":[{"Sequence":{"id":"B","type_id":0}},{"SpecialToken":{"id":"x","type_id":7}},{"Sequence":{"id":"A","type_id":0}}],
    "special_tokens":{"x":{"id":"x","ids":[3,40],"tokens":["[SEP]","?"]}}})";
  const Tokenizer t = make(parts);
  EXPECT_EQ(t.vocabulary_size(), 41u);
  const Result<Encoding> single = t.encode("a", std::nullopt, 1);
  EXPECT_EQ(single->ids, (std::vector<int32_t>{5}));
  EXPECT_EQ(single->type_ids, (std::vector<uint8_t>{3}));
  const Result<Encoding> pair = t.encode("a", "b", kAll);
  EXPECT_EQ(pair->ids, (std::vector<int32_t>{6, 3, 40, 5}));
  EXPECT_EQ(pair->type_ids, (std::vector<uint8_t>{0, 7, 7, 0}));
  EXPECT_EQ(pair->sequence_ids, (std::vector<uint8_t>{1, 0, 0, 0}));
  parts.post_processor = "null";
  EXPECT_EQ(make(parts).encode("a", "b", kAll)->type_ids, (std::vector<uint8_t>{0, 1}));
}

TEST(Tokenizer, Truncates) {
  const Tokenizer t = make_of({"a", "##a", "b"});
  const auto shown = [&](std::string_view text, size_t max_tokens) {
    const Result<Encoding> e = t.encode(text, std::nullopt, max_tokens);
    return show(t, *e, text) + (e->truncated ? " cut" : "");
  };
  EXPECT_EQ(shown("a b a", 5), "[CLS]: a:a b:b a:a [SEP]:");
  EXPECT_EQ(shown("a b a", 4), "[CLS]: a:a b:b [SEP]: cut");
  EXPECT_EQ(shown("b aaa", 4), "[CLS]: b:b a:a [SEP]: cut");  // in the middle of a word
  EXPECT_EQ(shown("a", 2), "[CLS]: [SEP]: cut");
  EXPECT_EQ(shown("", 2), "[CLS]: [SEP]:");
}

TEST(Tokenizer, TruncatesTheLongerTextOfAPairFirst) {
  const Tokenizer t = make_of({"a", "b"});
  const auto lengths = [&](size_t first, size_t second, size_t max_tokens) {
    std::string a, b;
    for (size_t i = 0; i < first; ++i) a += "a ";
    for (size_t i = 0; i < second; ++i) b += "b ";
    const Result<Encoding> e = t.encode(a, b, max_tokens);
    EXPECT_EQ(e->truncated, first + second + 3 > max_tokens);
    const auto count = [&](int32_t id) { return std::to_string(std::count(e->ids.begin(), e->ids.end(), id)); };
    return count(*t.id("a")) + "+" + count(*t.id("b"));
  };
  EXPECT_EQ(lengths(3, 4, 10), "3+4");
  EXPECT_EQ(lengths(3, 9, 10), "3+4");
  EXPECT_EQ(lengths(9, 3, 10), "4+3");
  EXPECT_EQ(lengths(9, 8, 10), "4+3");  // an odd token goes to the longer text
  EXPECT_EQ(lengths(8, 9, 10), "3+4");
  EXPECT_EQ(lengths(8, 8, 10), "3+4");
  EXPECT_EQ(lengths(0, 8, 5), "0+2");
  EXPECT_EQ(lengths(5, 5, 3), "0+0");
}

TEST(Tokenizer, RefusesFewerTokensThanSpecialOnes) {
  const Tokenizer t = make_of({"a"});
  for (const size_t max_tokens : {0, 1}) {
    const Result<Encoding> e = t.encode("a", std::nullopt, max_tokens);
    ASSERT_FALSE(e.ok());
    EXPECT_EQ(e.status().code(), ErrorCode::invalid_argument);
  }
  EXPECT_EQ(t.encode("a", "a", 2).status().code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(t.encode("a", "a", 3).ok());
}

TEST(Tokenizer, MovesAWindowOverLongText) {
  const Tokenizer t = make_of({"a", "b", "c", "d", "e"});
  const auto windows = [&](std::string_view text, size_t max_tokens, size_t stride) {
    std::string shown;
    const Result<std::vector<Encoding>> all = t.encode_windows(text, max_tokens, stride);
    for (const Encoding& window : *all) {
      shown += shown.empty() ? "" : "|";
      for (size_t i = 1; i + 1 < window.ids.size(); ++i) shown += t.token(window.ids[i]);
      EXPECT_FALSE(window.truncated);
    }
    return shown;
  };
  EXPECT_EQ(windows("a b c d e", 5, 1), "abc|cde");
  EXPECT_EQ(windows("a b c d e", 5, 0), "abc|de");
  EXPECT_EQ(windows("a b c d e", 4, 1), "ab|bc|cd|de");
  EXPECT_EQ(windows("a b c d e", 7, 4), "abcde");
  EXPECT_EQ(windows("a b c d e", SIZE_MAX, 4), "abcde");
  EXPECT_EQ(windows("", 5, 0), "");
  EXPECT_EQ(t.encode_windows("", 5, 0)->size(), 1u);
  EXPECT_EQ(t.encode_windows("a", 5, 3).status().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(t.encode_windows("a", 1, 0).status().code(), ErrorCode::invalid_argument);
}

TEST(Tokenizer, LooksTokensUp) {
  const Tokenizer t = make_of({"a", "##b"});
  EXPECT_EQ(t.vocabulary_size(), 7u);
  EXPECT_EQ(t.id("##b"), 6);
  EXPECT_EQ(t.id("b"), std::nullopt);
  EXPECT_EQ(t.id(""), std::nullopt);
  EXPECT_EQ(t.token(6), "##b");
  EXPECT_EQ(t.token(4), "[MASK]");
  EXPECT_EQ(t.token(7), "");
  EXPECT_EQ(t.token(-1), "");
}

// As tokenizers 0.23 with cleanup, piece by piece.
TEST(Tokenizer, DecodesWithoutBlanksBeforeMarks) {
  const Tokenizer t = make_of({"it", "'s", ".", "...", "##b", "'", ",5", "n't"});
  const auto decoded = [&](const std::vector<std::string_view>& tokens) {
    std::vector<int32_t> ids;
    for (const std::string_view token : tokens) ids.push_back(t.id(token).value());
    return t.decode(ids, /*skip_special=*/true);
  };
  EXPECT_EQ(decoded({"it", "##b", "'s", "it", "...", "it", "."}), "itb's it... it.");
  EXPECT_EQ(decoded({".", "it", "'", "it", ",5", "n't"}), ". it ' it,5n't");
}

TEST(Tokenizer, LeavesOutWhatItAdded) {
  const Tokenizer t = make_of({"a", "b"});
  const Encoding whole = t.encode("a", "a b", 100).value();
  const Encoding bare = without_special(whole);
  EXPECT_EQ(whole.ids.size(), 6u);
  EXPECT_EQ(bare.ids, (std::vector<int32_t>{whole.ids[1], whole.ids[3], whole.ids[4]}));
  EXPECT_EQ(bare.type_ids, (std::vector<uint8_t>{0, 1, 1}));
  EXPECT_EQ(bare.spans[2].begin, 2u);
}

TEST(Tokenizer, SurvivesAMove) {
  Tokenizer t = make_of({"a"});
  Tokenizer moved = std::move(t);
  EXPECT_EQ(pieces(moved, "a"), "a:a");
  t = std::move(moved);
  EXPECT_EQ(pieces(t, "a"), "a:a");
}

TEST(Utf16, CountsUnits) {
  const std::string text =
      "a\u00e9\u20ac\U0001f600\xff"
      "b";
  const std::vector<TextSpan> spans = {{11, 12}, {0, 1}, {1, 3}, {3, 6}, {6, 10}, {10, 11}, {0, 12}};
  const std::vector<TextSpan> expected = {{6, 7}, {0, 1}, {1, 2}, {2, 3}, {3, 5}, {5, 6}, {0, 7}};
  const std::vector<TextSpan> converted = to_utf16(text, spans);
  for (size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(converted[i].begin, expected[i].begin) << i;
    EXPECT_EQ(converted[i].end, expected[i].end) << i;
  }
  EXPECT_TRUE(to_utf16("", {}).empty());
  EXPECT_EQ(to_utf16("", {{0, 0}})[0].end, 0u);
}

}  // namespace
}  // namespace latformer
