// Cleaning of a text before it is cut into words, as BERT's original tokenizer does it, one code point at a time:
//
//   clean text        control characters go, white space becomes a blank
//   CJK               a blank on both sides of every ideograph
//   strip accents     canonical decomposition (NFD), then nonspacing marks go
//   lower case
//
// Every code point that comes out carries the bytes of the original text that it stands for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/text/encoding.h"
#include "core/text/unicode/normal_forms.h"
#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"

namespace latformer {

struct NormalizerSettings {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};

// Combining marks that wait for their canonical order: by combining class, equal ones as they came.
class MarkBuffer {
 public:
  bool empty() const { return marks_.empty(); }
  // `is_first`: the first (or only) part of a character of the text, whose bytes are `span`.
  void push(char32_t c, uint8_t combining_class, bool is_first, TextSpan span) {
    marks_.push_back(c | static_cast<uint32_t>(is_first) << 21 | static_cast<uint32_t>(combining_class) << 24);
    if (is_first) spans_.push_back(span);
  }
  void sort() { unicode::sort_marks(marks_); }
  void clear() {
    marks_.clear();
    spans_.clear();
  }

  // Calls visit(c, span) for each in its place. Hugging Face hands out the spans in the order of the text, not in that
  // of the marks they came with; a further part shares the span of what came before it, which is `last` at the start.
  template <class Visit>
  void for_each(TextSpan last, Visit visit) const {
    size_t next = 0;
    for (const uint32_t mark : marks_) {
      if ((mark >> 21 & 1) != 0) last = spans_[next++];
      visit(static_cast<char32_t>(mark & 0x1FFFFF), last);
    }
  }

 private:
  std::vector<uint32_t> marks_;  // combining class << 24 | is first << 21 | code point
  std::vector<TextSpan> spans_;  // of the first parts
};

// Sink: put(char32_t c, TextSpan span), and bool full() to stop early.
template <class Sink>
class Normalizer {
 public:
  Normalizer(const NormalizerSettings& settings, Sink& sink) : settings_(settings), sink_(sink) {}

  // Normalizes text[begin, end).
  void run(std::string_view text, size_t begin, size_t end) {
    text = text.substr(0, end);
    for (size_t position = begin; position < end && !sink_.full();) {
      const utf8::CodePoint c = utf8::decode(text, position);
      const size_t next = position + c.size;
      clean(c.value, {static_cast<uint32_t>(position), static_cast<uint32_t>(next)});
      position = next;
    }
    flush_marks();
  }

 private:
  void clean(char32_t c, TextSpan span) {
    if (settings_.clean_text) {
      const uint8_t bits = unicode::bits(c);
      if ((bits & unicode::kCleaned) != 0) return;
      if ((bits & unicode::kWhiteSpace) != 0) c = U' ';
    }
    if (settings_.handle_chinese_chars && unicode::is_cjk(c)) {
      decompose(U' ', span);
      decompose(c, span);
      decompose(U' ', span);
    } else {
      decompose(c, span);
    }
  }

  // NFD and accents. A starter can go on at once: only marks change places, and none moves before its starter.
  void decompose(char32_t c, TextSpan span) {
    if (!settings_.strip_accents) return lower(c, span);
    if (c < 0xC0) {  // neither mark nor decomposable
      flush_marks();
      starter_span_ = span;
      return lower(c, span);
    }
    std::array<char32_t, unicode::kMaxDecomposition> parts;
    const size_t size = unicode::decompose(c, parts.data());
    for (size_t i = 0; i < size; ++i) {
      const unicode::Properties properties = unicode::properties(parts[i]);
      if (properties.combining_class != 0) {
        marks_.push(parts[i], properties.combining_class, i == 0, span);
        continue;
      }
      flush_marks();
      starter_span_ = span;
      if ((properties.bits & unicode::kNonspacingMark) == 0) lower(parts[i], span);
    }
  }

  void flush_marks() {
    if (marks_.empty()) return;
    marks_.sort();
    marks_.for_each(starter_span_, [this](char32_t c, TextSpan span) {
      if (!unicode::has(c, unicode::kNonspacingMark)) lower(c, span);
    });
    marks_.clear();
  }

  void lower(char32_t c, TextSpan span) {
    if (!settings_.lowercase) return sink_.put(c, span);
    std::array<char32_t, unicode::kMaxLowercase> parts;
    const size_t size = unicode::lowercase(c, parts.data());
    for (size_t i = 0; i < size; ++i) sink_.put(parts[i], span);
  }

  const NormalizerSettings& settings_;
  Sink& sink_;
  MarkBuffer marks_;
  TextSpan starter_span_;
};

}  // namespace latformer
