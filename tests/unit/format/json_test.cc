#include "core/format/json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latformer {
namespace {

JsonDocument parsed(std::string_view text) {
  Result<JsonDocument> document = JsonDocument::parse("file.json", text);
  EXPECT_TRUE(document.ok()) << document.status().message();
  return std::move(document).value();
}

std::string parse_error(std::string_view text, JsonOptions options = {}) {
  const Result<JsonDocument> document = JsonDocument::parse("file.json", text, options);
  EXPECT_EQ(document.status().code(), ErrorCode::bad_model) << text;
  return document.status().message();
}

TEST(Json, ReadsEveryKindOfValue) {
  const JsonDocument document =
      parsed(R"({"b": true, "n": -1.5, "i": 42, "s": "a\u0000\ud83d\ude00", "a": [1, 2], "o": {"x": null}})");
  const JsonValue root = document.root();
  EXPECT_EQ(root["b"].boolean().value(), true);
  EXPECT_EQ(root["n"].number().value(), -1.5);
  EXPECT_EQ(root["i"].integer(0, 42).value(), 42);
  EXPECT_EQ(root["s"].string().value(), std::string_view("a\0\xF0\x9F\x98\x80", 6));
  std::vector<double> numbers;
  const JsonArray array = root["a"].array().value();
  for (const JsonValue value : array) numbers.push_back(value.number().value());
  EXPECT_EQ(numbers, (std::vector<double>{1, 2}));
  EXPECT_EQ(array.size(), 2u);
  EXPECT_TRUE(root["o"]["x"].exists());
  EXPECT_FALSE(root["o"]["x"].given());
  std::string keys;
  for (const JsonMember member : root.object().value()) keys += member.key;
  EXPECT_EQ(keys, "bnisao");
}

TEST(Json, MovesWithoutBreakingItsViews) {
  JsonDocument document = parsed("[7]");
  const JsonValue root = document.root();
  const JsonDocument moved = std::move(document);
  EXPECT_EQ((*root.array().value().begin()).integer(0, 9).value(), 7);
}

TEST(Json, EmptyContainersHaveNothingToIterate) {
  const JsonDocument document = parsed(R"({"a": [], "o": {}, "z": 1})");
  for (const JsonValue value : document.root()["a"].array().value()) ADD_FAILURE() << value.is_null();
  for (const JsonMember member : document.root()["o"].object().value()) ADD_FAILURE() << member.key;
}

TEST(Json, ErrorsNameFileAndField) {
  const JsonDocument document = parsed(R"({"a": {"b c": [1, {"d": "x"}]}, "big": 18446744073709551615, "e": 1e2})");
  const JsonValue root = document.root();
  EXPECT_EQ(root["nope"].string().status().message(), "file.json: nope is missing");
  EXPECT_EQ(root["nope"]["deeper"].string().status().message(), "file.json: nope is missing");
  EXPECT_EQ(root["big"]["deeper"].string().status().message(), "file.json: big must be an object");
  EXPECT_EQ(root["a"].string().status().message(), "file.json: a must be a string");
  EXPECT_EQ(root["e"].integer(0, 100).status().message(), "file.json: e must be an integer");
  EXPECT_EQ(root["big"].integer(0, 9).status().message(), "file.json: big must be between 0 and 9");
  const JsonArray array = root["a"]["b c"].array().value();
  JsonArray::Iterator second = array.begin();
  ++second;
  EXPECT_EQ((*second)["d"].number().status().message(), R"(file.json: a["b c"][1].d must be a number)");
  EXPECT_EQ(root.array().status().message(), "file.json: the document must be an array");
  EXPECT_EQ(root["a"].string().status().code(), ErrorCode::bad_model);
}

TEST(Json, AbsentAndNullMeanTheDefault) {
  const JsonDocument document = parsed(R"({"null": null, "word": "x"})");
  const JsonValue root = document.root();
  for (const char* key : {"null", "absent"}) {
    EXPECT_EQ(root[key].boolean_or(true).value(), true);
    EXPECT_EQ(root[key].number_or(2.5).value(), 2.5);
    EXPECT_EQ(root[key].integer_or(3, 0, 9).value(), 3);
    EXPECT_EQ(root[key].string_or("y").value(), "y");
  }
  EXPECT_FALSE(root["word"].boolean_or(true).ok());
  EXPECT_FALSE(root["word"].number_or(1).ok());
  EXPECT_FALSE(root["word"].integer_or(1, 0, 9).ok());
  EXPECT_EQ(root["word"].string_or("y").value(), "x");
}

TEST(Json, RefusesWhatIsNotJson) {
  EXPECT_EQ(parse_error(""), "file.json: the file is empty");
  EXPECT_NE(parse_error("{\n  \"a\": 1,\n  nope\n}").find("line 3, column 3"), std::string::npos);
  for (const std::string_view text : {"{", "[1,]", "{\"a\":1} x", "nul", "[1e999]", "[01]", "// c\n1", "\xEF\xBB\xBF{}",
                                      "\"\xFF\"", "\"\\ud800\"", "\"\xED\xA0\x80\"", "]", "\"unclosed"}) {
    parse_error(text);
  }
  parse_error(std::string_view("{}\0", 3));
}

TEST(Json, LimitsSizeAndDepth) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(JsonDocument::parse("file.json", nested(32)).ok());
  EXPECT_EQ(parse_error(nested(33)), "file.json: nested deeper than 32 levels");
  parse_error(std::string(10'000'000, '['));
  EXPECT_TRUE(JsonDocument::parse("file.json", R"(["[[[[\"[[[[", "\\"])", {.max_depth = 1}).ok());
  EXPECT_TRUE(JsonDocument::parse("file.json", "[1]", {.max_bytes = 3}).ok());
  parse_error("[10]", {.max_bytes = 3});
}

TEST(Json, RefusesKeysThatAreThereTwice) {
  EXPECT_EQ(parse_error(R"({"a": [0, {"x": 1, "y": 2, "x": 3}]})"), R"(file.json: a[1] has the key "x" twice)");
  EXPECT_EQ(parse_error(R"({"a": 1, "\u0061": 2})"), R"(file.json: the document has the key "a" twice)");
  EXPECT_TRUE(JsonDocument::parse("file.json", R"({"a": 1, "a": 2})", {.unique_keys = false}).ok());
  for (const size_t size : {2, 31, 32, 33, 1000}) {  // of many keys the hashes are compared first
    for (const bool twice : {false, true}) {
      std::string text = "{";
      for (size_t i = 0; i < size; ++i) text += "\"key " + std::to_string(twice && i + 1 == size ? 0 : i) + "\": 0, ";
      text.replace(text.size() - 2, 2, "}");
      const auto document = JsonDocument::parse("file.json", text);
      ASSERT_EQ(document.ok(), !twice) << text;
      if (twice) {
        EXPECT_EQ(document.status().message(), "file.json: the document has the key \"key 0\" twice");
      }
    }
  }
}

TEST(Json, KeepsForeignTextInMessagesShortAndPlain) {
  const JsonDocument document = parsed("{\"\\u001b[31m\\n\": 1, \"" + std::string(1000, 'k') + "\": 2}");
  for (const JsonMember member : document.root().object().value()) {
    const std::string message = member.value.string().status().message();
    EXPECT_LT(message.size(), 200u);
    for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~');
  }
}

// Python writes numbers that JSON does not have; where they are asked for they are no numbers.
TEST(Json, TakesNaNAndInfinityWhereNobodyAsksForThem) {
  const JsonDocument document =
      JsonDocument::parse("f", R"({"a": NaN, "b": [Infinity, -Infinity, 3], "c": "NaN \" Infinity", "d": 2})").value();
  const JsonValue root = document.root();
  EXPECT_EQ(root["d"].number().value(), 2);
  EXPECT_EQ(root["c"].string().value(), "NaN \" Infinity");
  EXPECT_EQ(root["b"].array().value().size(), 3u);
  EXPECT_EQ(root["a"].number().status().message(), "f: a must be a number");
  EXPECT_EQ(root["a"].number_or(1).status().code(), ErrorCode::bad_model);
  for (const char* broken : {"{\"a\": NaN", "[NaN, Inf]", "[\"NaN]", "[\"\\", "NaNs"}) {
    EXPECT_FALSE(JsonDocument::parse("f", broken).ok()) << broken;
  }
}

}  // namespace
}  // namespace latformer
