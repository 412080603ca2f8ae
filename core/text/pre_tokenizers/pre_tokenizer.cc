#include "core/text/pre_tokenizers/pre_tokenizer.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "core/text/normalized_text.h"
#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"

namespace latformer {
namespace {

using Contractions = WordPattern::Contractions;

constexpr WordPattern kLlama3Pattern = {Contractions::any_case, true, false, 3, true};
constexpr WordPattern kQwen2Pattern = {Contractions::any_case, true, false, 1, true};

constexpr std::array<std::pair<std::string_view, const WordPattern*>, 3> kWordPatterns = {{
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", &kGpt2Pattern},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     &kLlama3Pattern},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     &kQwen2Pattern},
}};

enum class Class : uint8_t { letter, number, space, line_end, other };

Class class_of(char32_t c) {
  if (c == '\r' || c == '\n') return Class::line_end;
  const uint8_t bits = unicode::bits(c);
  if ((bits & unicode::kLetter) != 0) return Class::letter;
  if ((bits & unicode::kNumber) != 0) return Class::number;
  if ((bits & unicode::kWhiteSpace) != 0) return Class::space;
  return Class::other;
}

bool is_space(Class c) { return c == Class::space || c == Class::line_end; }

// Reads a text's characters with their classes.
class Reader {
 public:
  Reader(std::string_view text, size_t position) : text_(text), position_(position) { look(); }

  bool more() const { return position_ < text_.size(); }
  size_t position() const { return position_; }
  char32_t value() const { return value_; }
  Class kind() const { return kind_; }
  void next() {
    position_ += size_;
    look();
  }
  // Skips characters of a class, at most `most`; how many there were.
  size_t skip(Class kind, size_t most = SIZE_MAX) {
    size_t count = 0;
    for (; more() && kind_ == kind && count < most; ++count) next();
    return count;
  }

 private:
  void look() {
    if (!more()) return;
    const utf8::CodePoint c = utf8::decode(text_, position_);
    value_ = c.value;
    size_ = c.size;
    kind_ = class_of(c.value);
  }

  std::string_view text_;
  size_t position_;
  size_t size_ = 0;
  char32_t value_ = 0;
  Class kind_ = Class::other;
};

constexpr char32_t kLongS = 0x17F;  // its capital is S: ignoring case, it is an s

// Bytes of a contraction at the front of `text`, 0 if there is none.
size_t contraction(Contractions kind, std::string_view text) {
  if (text.size() < 2 || text[0] != '\'') return 0;
  const bool any_case = kind == Contractions::any_case;
  const auto letter = [&](size_t i) -> char {
    if (i >= text.size()) return 0;
    const char c = text[i];
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const char first = letter(1), second = letter(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) return 3;
  if (any_case) {
    const utf8::CodePoint c = utf8::decode(text, 1);
    if (c.value == kLongS) return 1 + c.size;
  }
  return 0;
}

size_t end_of_space(const WordPattern& pattern, Reader reader) {
  const size_t begin = reader.position();
  size_t last = begin;         // where the last of it begins
  size_t behind_line = begin;  // behind its last end of a line
  for (; reader.more() && is_space(reader.kind());) {
    last = reader.position();
    const bool ends_line = reader.kind() == Class::line_end;
    reader.next();
    if (ends_line) behind_line = reader.position();
  }
  if (pattern.ends_lines && behind_line > begin) return behind_line;
  return reader.more() && last > begin ? last : reader.position();
}

// Calls visit(begin, end) for each part until it returns false.
template <class Visit>
void for_each_word(const WordPattern& pattern, std::string_view text, Visit visit) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = end_of_word(pattern, text, begin);
    if (!visit(begin, end)) return;
    begin = end;
  }
}

// Part of a text: a delimiter, or what is between two.
struct Part {
  size_t end;
  bool divides;
};

// What begins at text[begin].
Part part_at(const PreTokenizerStep& step, std::string_view text, size_t begin) {
  const auto class_at = [&](size_t place) {
    const uint8_t bits = unicode::bits(utf8::decode(text, place).value);
    if ((bits & unicode::kWhiteSpace) != 0) return unicode::kWhiteSpace;
    return static_cast<uint8_t>(bits & unicode::kWord);
  };
  const auto divides = [&](size_t place) {
    const char32_t c = utf8::decode(text, place).value;
    if (step.delimiter == Delimiter::punctuation) return unicode::has(c, unicode::kPunctuation);
    if (step.delimiter == Delimiter::digit) return unicode::has(c, unicode::kNumeric);
    return unicode::has(c, unicode::kWhiteSpace);
  };
  const auto behind = [&](size_t place) { return place + utf8::decode(text, place).size; };
  size_t end = behind(begin);
  switch (step.delimiter) {
    case Delimiter::text:
      if (text.substr(begin).starts_with(step.text)) return {begin + step.text.size(), true};
      return {std::min(text.find(step.text, begin), text.size()), false};
    case Delimiter::not_white_space:
      while (end < text.size() && class_at(end) == class_at(begin)) end = behind(end);
      return {end, class_at(begin) != unicode::kWhiteSpace};
    case Delimiter::white_space_run:
      while (end < text.size() && divides(end) == divides(begin)) end = behind(end);
      return {end, divides(begin)};
    case Delimiter::white_space:
    case Delimiter::punctuation:
    case Delimiter::digit:
      while (!divides(begin) && end < text.size() && !divides(end)) end = behind(end);
      return {end, divides(begin)};
  }
  return {text.size(), false};
}

// Calls visit(begin, end) for each piece until it returns false.
template <class Visit>
void for_each_piece(const PreTokenizerStep& step, std::string_view text, Visit visit) {
  const auto next = [&](size_t begin) {
    Part part = part_at(step, text, begin);
    part.divides = part.divides != step.inverts;
    return part;
  };
  for (size_t begin = 0; begin < text.size();) {
    Part part = next(begin);
    size_t end = part.end;
    const bool divided = part.divides;
    switch (step.behavior) {
      case Behavior::removed:
        if (divided) {
          begin = end;
          continue;
        }
        break;
      case Behavior::isolated:
        break;
      case Behavior::contiguous:
        for (; end < text.size() && (part = next(end)).divides == divided;) end = part.end;
        break;
      case Behavior::with_previous:  // one delimiter goes with what is before it
        if (!divided && end < text.size()) part = next(end);
        if (part.divides && !divided) end = part.end;
        break;
      case Behavior::with_next:
        if (divided && end < text.size()) part = next(end);
        if (divided && !part.divides) end = part.end;
        break;
    }
    if (!visit(begin, end)) return;
    begin = end;
  }
}

// `text` with `prefix` before it, which belongs to the first character.
NormalizedText with_prefix(std::string_view prefix, const Stretch& stretch) {
  const utf8::CodePoint first = utf8::decode(stretch.text, 0);
  NormalizedText result;
  result.text.append(prefix).append(stretch.text);
  result.spans.assign(prefix.size(), stretch.span(0, first.size));
  for (size_t position = 0; position < stretch.text.size();) {
    const size_t size = utf8::decode(stretch.text, position).size;
    result.spans.insert(result.spans.end(), size, stretch.span(position, position + size));
    position += size;
  }
  return result;
}

NormalizedText with_blanks_replaced(std::string_view blank, const Stretch& stretch) {
  NormalizedText result;
  for (size_t position = 0; position < stretch.text.size();) {
    const size_t size = utf8::decode(stretch.text, position).size;
    const bool is_blank = stretch.text[position] == ' ';
    const std::string_view text = is_blank ? blank : stretch.text.substr(position, size);
    result.text += text;
    result.spans.insert(result.spans.end(), text.size(), stretch.span(position, position + size));
    position += size;
  }
  return result;
}

void run(std::span<const PreTokenizerStep> steps, const Stretch& stretch, WordSink& sink) {
  using Kind = PreTokenizerStep::Kind;
  if (stretch.text.empty() || sink.full()) return;
  if (steps.empty()) return sink.word(stretch);
  const PreTokenizerStep& step = steps.front();
  const auto rest = steps.subspan(1);
  const auto go_on = [&](size_t begin, size_t end) {
    run(rest, stretch.part(begin, end), sink);
    return !sink.full();
  };
  const auto go_on_with = [&](const NormalizedText& text) { run(rest, {text.text, text.spans.data()}, sink); };
  switch (step.kind) {
    case Kind::prefix:
    case Kind::prefix_first:
      if (stretch.text.starts_with(step.text) || (step.kind == Kind::prefix_first && stretch.span(0, 1).begin != 0)) {
        return run(rest, stretch, sink);
      }
      return go_on_with(with_prefix(step.text, stretch));
    case Kind::replace_blank:
      return go_on_with(with_blanks_replaced(step.text, stretch));
    case Kind::words:
      return for_each_word(step.pattern, stretch.text, go_on);
    case Kind::split:
      return for_each_piece(step, stretch.text, go_on);
  }
}

}  // namespace

constexpr WordPattern kGpt2Pattern = {Contractions::exact, false, true, 0, false};

std::optional<WordPattern> word_pattern(std::string_view regular_expression) {
  for (const auto& [known, pattern] : kWordPatterns) {
    if (known == regular_expression) return *pattern;
  }
  return {};
}

size_t end_of_word(const WordPattern& pattern, std::string_view text, size_t begin) {
  if (const size_t size = contraction(pattern.contractions, text.substr(begin)); size > 0) return begin + size;
  const Reader front(text, begin);
  Reader reader = front;
  // What may stand before letters, numbers or others; a blank may stand before any of them.
  const bool is_blank = front.value() == ' ';
  const bool may_stand_before =
      is_blank || (pattern.any_before_letters && (front.kind() == Class::space || front.kind() == Class::other));
  if (may_stand_before) reader.next();
  if (reader.skip(Class::letter) > 0) return reader.position();

  const size_t most = pattern.most_numbers == 0 ? SIZE_MAX : pattern.most_numbers;
  reader = front;
  if (is_blank && pattern.blank_before_numbers) reader.next();
  if (reader.skip(Class::number, most) > 0) return reader.position();

  reader = front;
  if (is_blank) reader.next();
  if (reader.skip(Class::other) > 0) {
    if (pattern.ends_lines) reader.skip(Class::line_end);
    return reader.position();
  }
  return end_of_space(pattern, front);
}

TextSpan Stretch::span(size_t begin, size_t end) const {
  if (spans != nullptr) return {spans[begin].begin, spans[end - 1].end};
  // Part of a character stands for all of it.
  const auto continues = [&](size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  while (begin > 0 && continues(begin)) --begin;
  while (end < text.size() && continues(end)) ++end;
  return {offset + static_cast<uint32_t>(begin), offset + static_cast<uint32_t>(end)};
}

Stretch Stretch::part(size_t begin, size_t end) const {
  return {.text = text.substr(begin, end - begin),
          .spans = spans == nullptr ? nullptr : spans + begin,
          .offset = offset + static_cast<uint32_t>(begin)};
}

void pre_tokenize(const PreTokenizer& steps, const Stretch& text, WordSink& sink) { run(steps, text, sink); }

}  // namespace latformer
