#include "core/text/normalizers/normalizer_step.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "core/text/normalizers/changes.h"
#include "core/text/unicode/graphemes.h"
#include "core/text/unicode/normal_forms.h"
#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"

namespace latformer {
namespace {

size_t count_characters(std::string_view text) {
  size_t count = 0;
  for_each_character(text, [&](char32_t, size_t, size_t) { ++count; });
  return count;
}

NormalizedText lowercased(const NormalizedText& old) {
  NormalizedText result;
  for_each_character(old.text, [&](char32_t c, size_t begin, size_t) {
    std::array<char32_t, unicode::kMaxLowercase> parts;
    const size_t size = unicode::lowercase(c, parts.data());
    for (size_t i = 0; i < size; ++i) result.put(parts[i], old.spans[begin]);
  });
  return result;
}

bool is_white(char32_t c) { return unicode::has(c, unicode::kWhiteSpace); }

NormalizedText stripped(const NormalizerStep& step, NormalizedText old) {
  size_t begin = 0, end = old.text.size();
  while (step.strips_left && begin < end && is_white(utf8::decode(old.text, begin).value)) {
    begin += utf8::decode(old.text, begin).size;
  }
  while (step.strips_right && end > begin && is_white(utf8::decode_before(old.text, end).value)) {
    end -= utf8::decode_before(old.text, end).size;
  }
  const auto place = [](auto& of, size_t at) { return of.begin() + static_cast<ptrdiff_t>(at); };
  old.text.erase(end);
  old.spans.erase(place(old.spans, end), old.spans.end());
  old.text.erase(0, begin);
  old.spans.erase(old.spans.begin(), place(old.spans, begin));
  return old;
}

// Bytes of what is to be replaced at the front of `text`; 0: nothing.
size_t replaced_size(const NormalizerStep& step, std::string_view text) {
  using Kind = NormalizerStep::Kind;
  if (step.kind == Kind::replace) return text.starts_with(step.pattern) ? step.pattern.size() : 0;
  if (step.kind == Kind::replace_blanks) {
    const size_t blanks = std::min(text.find_first_not_of(' '), text.size());
    return blanks > 1 ? blanks : 0;
  }
  size_t size = 0;
  while (size < text.size() && is_white(utf8::decode(text, size).value)) size += utf8::decode(text, size).size;
  return size;
}

NormalizedText replaced(const NormalizerStep& step, const NormalizedText& old) {
  NormalizedText result;
  const std::string_view text = old.text;
  for (size_t begin = 0; begin < text.size();) {
    if (const size_t size = replaced_size(step, text.substr(begin)); size > 0) {
      begin += size;
      for_each_character(step.content, [&](char32_t c, size_t, size_t) { result.put(c, old.spans[begin - 1]); });
      continue;
    }
    const utf8::CodePoint c = utf8::decode(text, begin);
    result.put(c.value, old.spans[begin]);
    begin += c.size;
  }
  return result;
}

// In nmt_nfkc of SentencePiece.
NormalizedText without_controls(const NormalizedText& old) {
  const auto is_removed = [](char32_t c) {
    return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
  };
  const auto is_blank = [](char32_t c) {
    return c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 ||
           c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
  };
  NormalizedText result;
  for_each_character(old.text, [&](char32_t c, size_t begin, size_t) {
    if (!is_removed(c)) result.put(is_blank(c) ? U' ' : c, old.spans[begin]);
  });
  return result;
}

NormalizedText without_marks(const NormalizedText& old) {
  NormalizedText result;
  for_each_character(old.text, [&](char32_t c, size_t begin, size_t) {
    if (!unicode::is_mark(c)) result.put(c, old.spans[begin]);
  });
  return result;
}

// `old` by `text`, the last of whose characters make up for the difference. Where `text` is empty that is one of what
// was there before, and where nothing was, nobody: the characters that follow then stand for what went.
void exchange(std::string_view old, std::string_view text, std::vector<Change>& changes) {
  const auto more = static_cast<int64_t>(count_characters(text)) - static_cast<int64_t>(count_characters(old));
  for_each_character(text, [&](char32_t c, size_t, size_t) { changes.push_back({c, 0}); });
  for (int64_t i = 0; i < more; ++i) changes[changes.size() - 1 - static_cast<size_t>(i)].by = 1;
  if (more < 0 && !changes.empty()) changes.back().by += static_cast<int32_t>(more);
}

// A cluster is replaced as a whole if it is short and begins with a key, else each of its characters that does.
NormalizedText mapped(const Charsmap& map, NormalizedText old) {
  constexpr size_t kLongCluster = 6;  // bytes
  std::vector<Change> changes;
  bool any = false;
  const std::string_view text = old.text;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = unicode::end_of_grapheme(text, begin);
    const std::string_view cluster = text.substr(begin, end - begin);
    begin = end;
    const auto whole = cluster.size() < kLongCluster ? map.replacement(cluster) : std::nullopt;
    if (whole) {
      any = true;
      exchange(cluster, *whole, changes);
      continue;
    }
    for_each_character(cluster, [&](char32_t c, size_t from, size_t to) {
      const std::string_view part = cluster.substr(from, to - from);
      if (const auto replacement = map.replacement(part)) {
        any = true;
        exchange(part, *replacement, changes);
      } else {
        changes.push_back({c, 0});
      }
    });
  }
  return any ? changed(old, changes) : std::move(old);
}

NormalizedText normalized_by(const NormalizerStep& step, NormalizedText text) {
  using Kind = NormalizerStep::Kind;
  if (text.text.empty()) return text;
  switch (step.kind) {
    case Kind::lowercase:
      return lowercased(text);
    case Kind::strip:
      return stripped(step, std::move(text));
    case Kind::replace:
    case Kind::replace_blanks:
    case Kind::replace_spaces:
      return replaced(step, text);
    case Kind::prepend:
      text.text.insert(0, step.content);
      text.spans.insert(text.spans.begin(), step.content.size(), text.spans.front());
      return text;
    case Kind::nmt:
      return without_controls(text);
    case Kind::precompiled:
      return mapped(step.charsmap, std::move(text));
    case Kind::normal_form:
      return in_normal_form(step.form, text);
    case Kind::strip_marks:
      return without_marks(text);
  }
  return text;
}

}  // namespace

NormalizedText normalize_text(const Normalizers& steps, std::string_view text, size_t begin, size_t end) {
  NormalizedText result;
  text = text.substr(0, end);
  for (size_t position = begin; position < end;) {
    const utf8::CodePoint c = utf8::decode(text, position);
    result.put(c.value, {static_cast<uint32_t>(position), static_cast<uint32_t>(position + c.size)});
    position += c.size;
  }
  for (const NormalizerStep& step : steps) result = normalized_by(step, std::move(result));
  return result;
}

}  // namespace latformer
