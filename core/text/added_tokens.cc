#include "core/text/added_tokens.h"

#include <algorithm>

#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"

namespace latformer {
namespace {

bool word_before(std::string_view text, size_t position) {
  return position > 0 && unicode::has(utf8::decode_before(text, position).value, unicode::kWord);
}

bool word_at(std::string_view text, size_t position) {
  return position < text.size() && unicode::has(utf8::decode(text, position).value, unicode::kWord);
}

// Where the white space before `position` begins, or `least` if that is later.
size_t skip_space_before(std::string_view text, size_t position, size_t least) {
  while (position > least) {
    const utf8::CodePoint c = utf8::decode_before(text, position);
    if (!unicode::has(c.value, unicode::kWhiteSpace)) break;
    position -= c.size;
  }
  return std::max(position, least);
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(std::vector<std::pair<std::string, AddedToken>> tokens) {
  std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second.id < b.second.id;
  });
  tokens.erase(
      std::unique(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.first == b.first; }),
      tokens.end());
  std::vector<std::pair<std::string_view, int32_t>> entries;
  for (auto& [text, token] : tokens) {
    entries.emplace_back(text, static_cast<int32_t>(tokens_.size()));
    begins_[static_cast<unsigned char>(text[0])] = true;
    tokens_.push_back(std::move(token));
  }
  trie_ = Trie(std::move(entries));
}

size_t AddedTokenMatcher::Cutter::end_of_space(size_t position) {
  if (position < space_begin_ || position > space_end_) {
    space_begin_ = space_end_ = position;
    while (space_end_ < text_.size()) {
      const utf8::CodePoint c = utf8::decode(text_, space_end_);
      if (!unicode::has(c.value, unicode::kWhiteSpace)) break;
      space_end_ += c.size;
    }
  }
  return space_end_;
}

bool AddedTokenMatcher::Cutter::next(Piece& piece) {
  if (pending_.token != nullptr) {
    piece = pending_;
    pending_.token = nullptr;
    return true;
  }
  while (!matcher_.empty()) {
    while (search_ < text_.size() && !matcher_.begins_[static_cast<unsigned char>(text_[search_])]) ++search_;
    if (search_ >= text_.size()) break;
    const Trie::Match match = matcher_.trie_.longest_prefix(text_.substr(search_));
    if (match.size == 0) {
      ++search_;
      continue;
    }
    const AddedToken& token = matcher_.tokens_[static_cast<size_t>(match.value)];
    size_t begin = search_, end = search_ + match.size;
    search_ = end;  // even if the token is refused, as by Hugging Face
    if (token.single_word && (word_before(text_, begin) || word_at(text_, end))) continue;
    if (token.lstrip) begin = skip_space_before(text_, begin, done_);
    if (token.rstrip) end = end_of_space(end);
    if (begin >= end) continue;
    // A token may itself begin with white space that the one before it has swallowed: then they overlap.
    piece = {begin, end, &token};
    if (done_ < begin) {
      pending_ = piece;
      piece = {done_, begin, nullptr};
    }
    done_ = end;
    return true;
  }
  if (done_ >= text_.size()) return false;
  piece = {done_, text_.size(), nullptr};
  done_ = text_.size();
  return true;
}

}  // namespace latformer
