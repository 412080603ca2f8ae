#include "core/text/unigram/unigram_model.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/text/utf8.h"

namespace latformer {
namespace {

constexpr double kUnknownPenalty = 10;

Trie trie_of(const Vocabulary& vocabulary, size_t size) {
  std::vector<std::pair<std::string_view, int32_t>> entries;
  entries.reserve(size);
  for (size_t id = 0; id < size; ++id) {
    const std::string_view token = vocabulary.token(static_cast<int32_t>(id));
    if (!token.empty()) entries.emplace_back(token, static_cast<int32_t>(id));
  }
  return Trie(std::move(entries));
}

}  // namespace

// Cuts one word after the other.
class UnigramModel::Words final : public WordSink {
 public:
  Words(const UnigramModel& model, TokenList& tokens) : model_(model), tokens_(tokens) {}
  bool full() const override { return tokens_.full(); }

  void word(const Stretch& word) override {
    find_best(word.text);
    pieces_.clear();
    for (size_t end = word.text.size(); end > 0; end = best_[end].begin) {
      // Unknown characters in a row are one piece.
      if (best_[end].id == model_.settings_.unknown_id && !pieces_.empty() && pieces_.back().is_unknown) {
        pieces_.back().begin = best_[end].begin;
      } else {
        pieces_.push_back({best_[end].begin, static_cast<uint32_t>(end), best_[end].id == model_.settings_.unknown_id});
      }
    }
    bool goes_on = false;
    for (size_t i = pieces_.size(); i-- > 0;) {
      const auto& [begin, end, is_unknown] = pieces_[i];
      push(word.text.substr(begin, end - begin), word.span(begin, end), std::exchange(goes_on, true));
    }
  }

 private:
  // The best way to what ends here: its sum, and its last token.
  struct Node {
    double score = 0;
    uint32_t begin = kNone;
    int32_t id = 0;
  };
  struct Piece {
    uint32_t begin, end;
    bool is_unknown;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  void find_best(std::string_view word) {
    best_.assign(word.size() + 1, Node());
    for (size_t begin = 0; begin < word.size();) {
      const double score = best_[begin].score;
      const auto consider = [&](size_t size, double more, int32_t id) {
        Node& target = best_[begin + size];
        if (target.begin != kNone && score + more <= target.score) return;
        target = {score + more, static_cast<uint32_t>(begin), id};
      };
      const size_t size = utf8::decode(word, begin).size;
      bool is_token = false;
      model_.trie_.for_each_prefix(word.substr(begin), [&](const Trie::Match& match) {
        consider(match.size, model_.scores_[static_cast<size_t>(match.value)], match.value);
        is_token = is_token || match.size == size;
      });
      if (!is_token) consider(size, model_.unknown_score_, model_.settings_.unknown_id);
      begin += size;
    }
  }

  void push(std::string_view piece, TextSpan span, bool goes_on) {
    if (const auto id = model_.vocabulary_.id(piece)) return tokens_.push(*id, span, goes_on);
    if (model_.settings_.falls_back_to_bytes && push_bytes(piece, span, goes_on)) return;
    tokens_.push(model_.settings_.unknown_id, span, goes_on);
  }

  bool push_bytes(std::string_view piece, TextSpan span, bool goes_on) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    bytes_.clear();
    for (const char byte : piece) {
      const auto value = static_cast<uint8_t>(byte);
      const char name[] = {'<', '0', 'x', kDigits[value >> 4], kDigits[value & 15], '>'};
      const auto id = model_.vocabulary_.id({name, sizeof name});
      if (!id) return false;
      bytes_.push_back(*id);
    }
    for (const int32_t id : bytes_) tokens_.push(id, span, std::exchange(goes_on, true));
    return true;
  }

  const UnigramModel& model_;
  TokenList& tokens_;
  std::vector<Node> best_;
  std::vector<Piece> pieces_;  // from the last to the first
  std::vector<int32_t> bytes_;
};

UnigramModel::UnigramModel(Vocabulary vocabulary, std::vector<double> scores, Normalizers normalizers,
                           PreTokenizer pre_tokenizer, UnigramSettings settings)
    : vocabulary_(std::move(vocabulary)),
      scores_(std::move(scores)),
      unknown_score_(*std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty),
      trie_(trie_of(vocabulary_, scores_.size())),
      normalizers_(std::move(normalizers)),
      pre_tokenizer_(std::move(pre_tokenizer)),
      settings_(std::move(settings)) {}

void UnigramModel::cut(std::string_view text, size_t begin, size_t end, TokenList& tokens) const {
  const NormalizedText normalized = normalize(text, begin, end);
  cut(normalized, 0, normalized.text.size(), tokens);
}

NormalizedText UnigramModel::normalize(std::string_view text, size_t begin, size_t end) const {
  return normalize_text(normalizers_, text, begin, end);
}

void UnigramModel::cut(const NormalizedText& text, size_t begin, size_t end, TokenList& tokens) const {
  Words words(*this, tokens);
  const std::string_view part = std::string_view(text.text).substr(begin, end - begin);
  pre_tokenize(pre_tokenizer_, {.text = part, .spans = text.spans.data() + begin}, words);
}

void UnigramModel::decode(std::string_view token, bool is_first, std::string& out) const {
  const std::string_view blank = settings_.blank;
  if (blank.empty()) {
    if (!is_first) out += ' ';
    out += token;
    return;
  }
  while (!token.empty()) {
    const size_t place = std::min(token.find(blank), token.size());
    out += token.substr(0, place);
    token.remove_prefix(place);
    if (token.empty()) return;
    if (!is_first || !settings_.drops_first_blanks) out += ' ';
    token.remove_prefix(blank.size());
  }
}

}  // namespace latformer
