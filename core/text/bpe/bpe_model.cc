#include "core/text/bpe/bpe_model.h"

#include <queue>
#include <utility>
#include <vector>

#include "core/text/bpe/byte_map.h"
#include "core/text/utf8.h"

namespace latformer {
// Merges the bytes of one word after the other.
class BpeModel::Words final : public WordSink {
 public:
  Words(const BpeModel& model, TokenList& tokens) : model_(model), tokens_(tokens) {}
  bool full() const override { return tokens_.full(); }

  void word(const Stretch& word) override {
    if (model_.settings_.ignores_merges && push_whole(word)) return;
    begin(word.text);
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      merge(best);
    }
    bool goes_on = false;
    for (int32_t i = symbols_.empty() ? kNone : 0; i != kNone; i = symbols_[index(i)].next) {
      const Symbol& symbol = symbols_[index(i)];
      tokens_.push(symbol.id, word.span(symbol.begin, symbol.end), std::exchange(goes_on, true));
    }
  }

 private:
  static constexpr int32_t kNone = -1;
  static size_t index(int32_t i) { return static_cast<size_t>(i); }

  // A token of the word, in a list of neighbours; one that was merged into the one before it has begin == end.
  struct Symbol {
    int32_t id;
    uint32_t begin, end;
    int32_t previous, next;
  };
  // Two neighbours that merge, by the first of them.
  struct Candidate {
    uint32_t rank;
    int32_t symbol;
    int32_t id;
    bool operator<(const Candidate& other) const {  // the heap has its largest on top
      return rank != other.rank ? rank > other.rank : symbol > other.symbol;
    }
  };

  bool push_whole(const Stretch& word) {
    mapped_.clear();
    for (const char byte : word.text) utf8::append(byte_map::character(static_cast<uint8_t>(byte)), mapped_);
    const auto id = model_.vocabulary_.id(mapped_);
    if (id) tokens_.push(*id, word.span(0, word.text.size()));
    return id.has_value();
  }

  void begin(std::string_view word) {
    const auto& [unknown_id, fuses_unknown, ignores_merges] = model_.settings_;
    symbols_.clear();
    bool was_unknown = false;
    for (uint32_t i = 0; i < word.size(); ++i) {
      int32_t id = model_.byte_ids_[static_cast<uint8_t>(word[i])];
      const bool is_unknown = id < 0;
      if (is_unknown) {
        if (unknown_id < 0) continue;
        if (was_unknown && fuses_unknown) {
          symbols_.back().end = i + 1;
          continue;
        }
        id = unknown_id;
      }
      was_unknown = is_unknown;
      const auto place = static_cast<int32_t>(symbols_.size());
      symbols_.push_back({id, i, i + 1, place - 1, place + 1});
    }
    if (symbols_.empty()) return;
    symbols_.back().next = kNone;
    if (unknown_id < 0 && symbols_.size() < word.size()) move_together(word);
    for (int32_t i = 0; i + 1 < static_cast<int32_t>(symbols_.size()); ++i) consider(i);
  }

  // Of a word that lost bytes Hugging Face numbers those that are left, as characters of UTF-8, from the front on.
  void move_together(std::string_view word) {
    const auto width = [&](size_t byte) -> size_t {
      return byte_map::character(static_cast<uint8_t>(word[byte])) < 0x80 ? 1 : 2;
    };
    std::vector<uint32_t> byte_at;
    for (uint32_t i = 0; i < word.size(); ++i) byte_at.insert(byte_at.end(), width(i), i);
    size_t place = 0;
    for (Symbol& symbol : symbols_) {
      const size_t end = place + width(symbol.begin);
      symbol.begin = byte_at[place];
      symbol.end = byte_at[end - 1] + 1;
      place = end;
    }
  }

  // `symbol` and its next neighbour, if they merge.
  void consider(int32_t symbol) {
    if (symbol == kNone) return;
    const Symbol& left = symbols_[index(symbol)];
    if (left.next == kNone) return;
    const Merge* merge = model_.merges_.find(left.id, symbols_[index(left.next)].id);
    if (merge != nullptr) candidates_.push({merge->rank, symbol, merge->id});
  }

  void merge(const Candidate& candidate) {
    Symbol& left = symbols_[index(candidate.symbol)];
    if (left.begin == left.end || left.next == kNone) return;
    Symbol& right = symbols_[index(left.next)];
    // The neighbours may be others by now.
    const Merge* now = model_.merges_.find(left.id, right.id);
    if (now == nullptr || now->id != candidate.id) return;
    left.id = candidate.id;
    left.end = right.end;
    left.next = right.next;
    right.begin = right.end;
    if (left.next != kNone) symbols_[index(left.next)].previous = candidate.symbol;
    consider(left.previous);
    consider(candidate.symbol);
  }

  const BpeModel& model_;
  TokenList& tokens_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> candidates_;
  std::string mapped_;
};

BpeModel::BpeModel(Vocabulary vocabulary, Merges merges, Normalizers normalizers, PreTokenizer pre_tokenizer,
                   BpeSettings settings)
    : vocabulary_(std::move(vocabulary)),
      merges_(std::move(merges)),
      normalizers_(std::move(normalizers)),
      pre_tokenizer_(std::move(pre_tokenizer)),
      settings_(settings) {
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    std::string character;
    utf8::append(byte_map::character(static_cast<uint8_t>(byte)), character);
    byte_ids_[byte] = vocabulary_.id(character).value_or(-1);
  }
}

void BpeModel::cut(std::string_view text, size_t begin, size_t end, TokenList& tokens) const {
  const std::string_view part = text.substr(begin, end - begin);
  if (normalizes() || !utf8::is_well_formed(part)) {
    const NormalizedText normal = normalize(text, begin, end);
    return cut(normal, 0, normal.text.size(), tokens);
  }
  Words words(*this, tokens);
  pre_tokenize(pre_tokenizer_, {.text = part, .offset = static_cast<uint32_t>(begin)}, words);
}

NormalizedText BpeModel::normalize(std::string_view text, size_t begin, size_t end) const {
  return normalize_text(normalizers_, text, begin, end);
}

void BpeModel::cut(const NormalizedText& text, size_t begin, size_t end, TokenList& tokens) const {
  Words words(*this, tokens);
  const std::string_view part = std::string_view(text.text).substr(begin, end - begin);
  pre_tokenize(pre_tokenizer_, {.text = part, .spans = text.spans.data() + begin}, words);
}

// As the decoder "ByteLevel" of Hugging Face's tokenizers: an added token that is not written in bytes is itself.
void BpeModel::decode(std::string_view token, bool /*is_first*/, std::string& out) const {
  if (!byte_map::append_bytes(token, out)) out += token;
}

}  // namespace latformer
