#include "tests/unit/text/fixtures.h"

#include <charconv>
#include <fstream>
#include <iterator>

#include "core/format/json.h"
#include "core/text/utf8.h"

namespace latformer::testing {
namespace {

uint32_t hex_number(std::string_view hex) {
  uint32_t number = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
  return number;
}

// Of surrogates too, which makes the bytes ill-formed.
std::string utf8_of(uint32_t c) {
  std::string bytes;
  utf8::append(c, bytes);
  return bytes;
}

template <class T>
const T& pick(Random& random, const std::vector<T>& choices) {
  return choices[random.below(static_cast<uint32_t>(choices.size()))];
}

}  // namespace

std::optional<std::string> read_file(std::string_view path) {
  const std::string below = path.starts_with('/') ? "" : std::string(LATFORMER_SOURCE_DIR) + "/";
  std::ifstream file(below + std::string(path), std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t end = 0; end != std::string_view::npos; text.remove_prefix(end + 1)) {
    end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
  }
  return parts;
}

std::string with_vocabulary(std::string tokenizer_json) {
  const std::string text = read_file("tests/parity/tokenizer/vocab.txt").value_or("");
  std::string object = "{";
  int id = 0;
  std::vector<std::string_view> lines = split(text, '\n');
  lines.pop_back();  // behind the last newline
  for (const std::string_view line : lines) {
    if (id > 0) object += ',';
    object += '"';
    for (const char c : line) {
      if (c == '"' || c == '\\') object += '\\';
      object += c;
    }
    object += "\":" + std::to_string(id++);
  }
  object += '}';
  const std::string_view empty = "\"vocab\": {}";
  const size_t place = tokenizer_json.find(empty);
  if (place != std::string::npos) tokenizer_json.replace(place, empty.size(), "\"vocab\": " + object);
  return tokenizer_json;
}

// tests/parity/tokenizer/bpe.json in two: {"vocab":{...}, and a line further "merges":[...]}.
struct ByteLevel {
  std::string vocab, merges;  // as JSON
};

ByteLevel byte_level() {
  constexpr std::string_view kFront = "{\"vocab\":", kMiddle = ",\n\"merges\":";
  const std::string file = read_file("tests/parity/tokenizer/bpe.json").value_or("");
  const size_t middle = file.find(kMiddle), end = file.rfind('}');
  if (middle == std::string::npos || end == std::string::npos) return {};
  return {file.substr(kFront.size(), middle - kFront.size()),
          file.substr(middle + kMiddle.size(), end - middle - kMiddle.size())};
}

Result<Tokenizer> load_byte_level(std::string_view name, std::string json) {
  const ByteLevel known = byte_level();
  if (name.starts_with("bpe-")) {
    const auto put = [&](std::string_view empty, const std::string& full) {
      if (const size_t place = json.find(empty); place != std::string::npos) json.replace(place, empty.size(), full);
    };
    put("\"vocab\": {}", "\"vocab\":" + known.vocab);
    put("\"merges\": []", "\"merges\":" + known.merges);
    return Tokenizer::from_tokenizer_json(json);
  }
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("bpe.json", known.merges));
  LATFORMER_ASSIGN(const JsonArray merges, document.root().array());
  std::string lines = "#version: 0.2\n";
  for (const JsonValue merge : merges) {
    LATFORMER_ASSIGN(const std::string_view line, merge.string());
    lines.append(line).append("\n");
  }
  return Tokenizer::create({.tokenizer_config_json = json, .vocab_json = known.vocab, .merges_txt = lines});
}

// tests/parity/tokenizer/unigram.json, in the same way: "vocab" and "charsmap".
Result<Tokenizer> load_unigram(std::string json) {
  constexpr std::string_view kFront = "{\"vocab\":", kMiddle = ",\n\"charsmap\":";
  const std::string file = read_file("tests/parity/tokenizer/unigram.json").value_or("");
  const size_t middle = file.find(kMiddle), end = file.rfind('}');
  if (middle == std::string::npos || end == std::string::npos) return bad_model("unigram.json");
  const auto put = [&](std::string_view key, std::string_view empty, const std::string& full) {
    const std::string place = std::string(key) + std::string(empty);
    for (size_t at = json.find(place); at != std::string::npos; at = json.find(place, at)) {
      json.replace(at, place.size(), std::string(key) + full);
    }
  };
  put("\"vocab\": ", "[]", file.substr(kFront.size(), middle - kFront.size()));
  put("\"precompiled_charsmap\": ", "\"\"", file.substr(middle + kMiddle.size(), end - middle - kMiddle.size()));
  return Tokenizer::from_tokenizer_json(json);
}

Result<Tokenizer> load_golden(std::string_view name) {
  if (name.ends_with(".json")) return Tokenizer::from_tokenizer_json(read_file(name).value_or(""));
  const std::string file = std::string(kGoldens) + "tokenizers/" + std::string(name) + ".json";
  const std::string json = read_file(file).value_or("");
  if (name.starts_with("bpe-") || name.starts_with("merges-")) return load_byte_level(name, json);
  if (name.starts_with("unigram-")) return load_unigram(json);
  if (!name.starts_with("config-")) return Tokenizer::from_tokenizer_json(with_vocabulary(json));
  return Tokenizer::from_vocab(read_file("tests/parity/tokenizer/vocab.txt").value_or(""), json);
}

std::string JsonParts::json() const {
  return R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":)" + added_tokens + R"(,"normalizer":)" +
         normalizer + R"(,"pre_tokenizer":)" + pre_tokenizer + R"(,"post_processor":)" + post_processor +
         R"(,"decoder":null,"model":{)" + model_type + R"("unk_token":)" + unk_token +
         R"(,"continuing_subword_prefix":)" + prefix + R"(,"max_input_chars_per_word":)" + max_chars + R"(,"vocab":)" +
         vocabulary + "}}";
}

std::string vocabulary_of(const std::vector<std::string>& words) {
  std::string object = JsonParts().vocabulary;
  object.pop_back();
  int id = 5;
  for (const std::string& word : words) object += ",\"" + word + "\":" + std::to_string(id++);
  return object + "}";
}

uint32_t Random::below(uint32_t n) {
  state_ += 0x9E3779B97F4A7C15;
  uint64_t z = state_;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return static_cast<uint32_t>(((z ^ z >> 31) >> 32) * n >> 32);
}

void Hash::add(std::string_view bytes) {
  for (const char c : bytes) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x01000193;
}

void Hash::add_number(uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) state_ = (state_ ^ (number >> shift & 0xFF)) * 0x01000193;
}

std::string Hash::hex() const {
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) digits += "0123456789abcdef"[state_ >> shift & 0xF];
  return digits;
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(hex_number(hex.substr(i, 2)));
  return bytes;
}

Strings::Strings() {
  const std::string vocabulary = read_file("tests/parity/tokenizer/vocab.txt").value_or("");
  for (std::string_view line : split(vocabulary, '\n')) {
    if (line.starts_with("##")) line.remove_prefix(2);
    words_.emplace_back(line);
  }
  words_.pop_back();  // behind the last newline
  const std::string ingredients = read_file("tests/parity/tokenizer/ingredients.txt").value_or("");
  for (const std::string_view line : split(ingredients, '\n')) {
    const std::vector<std::string_view> fields = split(line, ' ');
    if (fields[0] == "range") ranges_.emplace_back(hex_number(fields[1]), hex_number(fields[2]));
    if (fields[0] == "piece") pieces_.push_back(from_hex(fields[1]));
    if (fields[0] == "mark") marks_.push_back(hex_number(fields[1]));
  }
}

std::string Strings::part(Random& random) const {
  const uint32_t kind = random.below(16);
  if (kind < 4) return pick(random, words_);
  if (kind < 6) return std::string(1 + random.below(2), ' ');
  if (kind < 8) {
    const auto& [first, last] = pick(random, ranges_);
    return utf8_of(first + random.below(last - first + 1));
  }
  if (kind == 8) return utf8_of(random.below(0x110000));
  if (kind < 11) return pick(random, pieces_);
  if (kind == 11) {  // a code point that was cut off, or one byte out of place
    const std::string whole = utf8_of(0x80 + random.below(0x110000 - 0x80));
    const std::string cut = whole.substr(0, random.below(static_cast<uint32_t>(whole.size())));
    return !cut.empty() ? cut : std::string(1, static_cast<char>(0x80 + random.below(0x80)));
  }
  if (kind == 12) return std::string(1, static_cast<char>(0x21 + random.below(0x5E)));
  if (kind == 13 && random.below(8) == 0) {  // an over-long word
    const std::string& word = pick(random, words_);
    std::string repeated;
    for (uint32_t left = 1 + random.below(60); left > 0; --left) repeated += word;
    return repeated;
  }
  std::string marked = utf8_of(0x61 + random.below(26));
  for (uint32_t left = random.below(7); left > 0; --left) marked += utf8_of(pick(random, marks_));
  return marked;
}

std::string Strings::text(Random& random) const {
  std::string text;
  for (uint32_t left = random.below(20); left > 0; --left) text += part(random);
  return text;
}

Strings::Item Strings::item(uint64_t index) const {
  Random random(index);
  Item item;
  item.text = text(random);
  if (random.below(4) == 0) item.pair = text(random);
  item.max_tokens = random.below(2) == 0 ? 3 + random.below(40) : 100'000;
  item.window = 4 + random.below(12);
  item.stride = random.below(2);
  return item;
}

}  // namespace latformer::testing
