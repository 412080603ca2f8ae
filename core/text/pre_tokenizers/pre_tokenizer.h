// Text -> words, as the pre-tokenizers of tokenizer.json do it one after the other, each on what the one before it
// left.
//
// Most cut at delimiters, and differ in what those are and what becomes of them (Delimiter, Behavior).
//
// Regular expressions are not interpreted. Those in use for byte-level vocabularies are all of one form, which
// WordPattern describes; each alternative is tried in this order, and the first that matches counts:
//
//   's 't 're 've 'm 'll 'd          contractions
//   x? letters                       x: a blank, or anything but a letter, a number or the end of a line
//   x? numbers                       x: a blank; or at most so many numbers without it
//   blank? others line-ends*
//   white space up to its last end of a line
//   white space, but the last of it if a word follows
//
// Every character belongs to one of them. A text is read once, from front to back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/encoding.h"

namespace latformer {

struct WordPattern {
  enum class Contractions : uint8_t { exact, any_case };
  Contractions contractions;
  bool any_before_letters;  // else only a blank
  bool blank_before_numbers;
  uint32_t most_numbers;  // in one word; 0: any
  bool ends_lines;        // line ends stay with the others before them, and end white space
};

// The pattern of GPT-2, which a ByteLevel pre-tokenizer has of its own.
extern const WordPattern kGpt2Pattern;

// The pattern that a regular expression is of, if it is known.
std::optional<WordPattern> word_pattern(std::string_view regular_expression);

// Where the word ends that begins at text[begin], begin < text.size().
size_t end_of_word(const WordPattern& pattern, std::string_view text, size_t begin);

// What divides a text.
enum class Delimiter : uint8_t {
  white_space,
  punctuation,  // as BERT has it
  digit,
  text,             // PreTokenizerStep::text, wherever it stands
  white_space_run,  // all of it at once
  not_white_space,  // runs of word characters, and of others
};

// What becomes of a delimiter.
enum class Behavior : uint8_t { removed, isolated, contiguous, with_previous, with_next };

struct PreTokenizerStep {
  enum class Kind : uint8_t {
    prefix,         // `text` is put before what does not begin with it
    prefix_first,   // but only at the front of the whole text
    replace_blank,  // a blank becomes `text`
    words,          // by `pattern`
    split,          // at delimiters
  };
  Kind kind;
  WordPattern pattern = {};
  std::string text = {};
  Delimiter delimiter = {};
  Behavior behavior = {};
  bool inverts = false;  // what is between the delimiters is what divides
};
using PreTokenizer = std::vector<PreTokenizerStep>;

// A stretch of text on its way, with the way back to the original: by a span for each byte, or by its place.
struct Stretch {
  std::string_view text;            // UTF-8
  const TextSpan* spans = nullptr;  // (text.size())
  uint32_t offset = 0;              // without spans: where text stands in the original

  // The characters of the original that text[begin, end) stands for, begin < end.
  TextSpan span(size_t begin, size_t end) const;
  Stretch part(size_t begin, size_t end) const;
};

// What becomes of the words, in order.
class WordSink {
 public:
  virtual void word(const Stretch& word) = 0;
  virtual bool full() const = 0;

 protected:
  ~WordSink() = default;
};

// Cuts `text` into words until sink.full().
void pre_tokenize(const PreTokenizer& steps, const Stretch& text, WordSink& sink);

}  // namespace latformer
