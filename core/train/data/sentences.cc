#include "core/train/data/sentences.h"

namespace latformer::train {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

// Bytes of an HTML line break at the beginning of `text`; 0: there is none.
size_t break_at(std::string_view text) {
  for (const std::string_view tag : {"<br />", "<br/>", "<br>"}) {
    if (text.starts_with(tag)) return tag.size();
  }
  return 0;
}

// Whether a sentence ends before `at`, where a space stands.
bool ends_before(std::string_view text, size_t at) {
  size_t end = at;
  while (end > 0 && std::string_view("\"')]").find(text[end - 1]) != std::string_view::npos) --end;
  if (end == 0 || std::string_view(".!?").find(text[end - 1]) == std::string_view::npos) return false;
  const size_t next = text.find_first_not_of(kSpaces, at);
  return next == text.npos || text[next] < 'a' || text[next] > 'z';
}

}  // namespace

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> sentences;
  size_t begin = 0;
  const auto cut = [&](size_t end, size_t next) {
    std::string_view sentence = text.substr(begin, end - begin);
    const size_t first = sentence.find_first_not_of(kSpaces);
    if (first != sentence.npos) {
      sentences.emplace_back(sentence.substr(first, sentence.find_last_not_of(kSpaces) - first + 1));
    }
    begin = next;
  };
  for (size_t at = 0; at < text.size();) {
    const size_t tag = break_at(text.substr(at));
    if (tag > 0) {
      cut(at, at + tag);
      at += tag;
      continue;
    }
    if (kSpaces.find(text[at]) != kSpaces.npos && ends_before(text, at)) cut(at, at);
    ++at;
  }
  cut(text.size(), text.size());
  return sentences;
}

}  // namespace latformer::train
