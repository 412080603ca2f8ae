#include "core/train/data/windows.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "core/files/files.h"
#include "core/text/utf8.h"
#include "core/train/data/random.h"

namespace latformer::train {
namespace {

constexpr size_t kPartBytes = 1 << 20;
constexpr size_t kNoLimit = size_t{1} << 31;

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const utf8::CodePoint c = utf8::decode(text, i);
    if (c.is_ill_formed) return false;
    i += c.size;
  }
  return true;
}

}  // namespace

Result<Windows> Windows::read(const std::vector<std::filesystem::path>& files, const Tokenizer& tokenizer,
                              uint32_t length) {
  Windows windows;
  windows.length_ = length;
  for (const std::filesystem::path& path : files) {
    LATFORMER_ASSIGN(InputFile file, InputFile::open(path));
    std::string text;  // what is left of the part before, up to a line's end, and the next part
    for (uint64_t at = 0; at < file.size();) {
      const size_t size = static_cast<size_t>(std::min<uint64_t>(kPartBytes, file.size() - at));
      const size_t before = text.size();
      text.resize(before + size);
      LATFORMER_TRY(file.read(at, std::as_writable_bytes(std::span(text).subspan(before))));
      at += size;
      // Cut where a line ends, so that no word is in two parts.
      size_t end = at == file.size() ? text.size() : text.rfind('\n') + 1;
      if (end == 0) continue;
      const std::string_view part = std::string_view(text).substr(0, end);
      if (!is_utf8(part)) return invalid_argument(path.string() + ": is not UTF-8");
      LATFORMER_ASSIGN(const Encoding encoding, tokenizer.encode(part, {}, kNoLimit));
      for (size_t i = 0; i < encoding.ids.size(); ++i) {
        if (encoding.is_special[i] == 0) windows.tokens_.push_back(encoding.ids[i]);
      }
      text.erase(0, end);
    }
  }
  if (windows.tokens_.size() < 2 * size_t{length}) {
    return invalid_argument("the texts have " + std::to_string(windows.tokens_.size()) +
                            " tokens, too few for windows of " + std::to_string(length));
  }
  return windows;
}

std::vector<int32_t> Windows::at(uint64_t number, uint64_t seed) {
  const uint64_t epoch = number / in_epoch();
  if (epoch != epoch_) {
    Random random(seed, "windows", epoch);
    offset_ = random.below(length_);
    order_.resize(in_epoch());
    std::iota(order_.begin(), order_.end(), 0U);
    random.shuffle(order_);
    epoch_ = epoch;
  }
  const size_t first = offset_ + size_t{order_[number % in_epoch()]} * length_;
  return {tokens_.begin() + static_cast<ptrdiff_t>(first), tokens_.begin() + static_cast<ptrdiff_t>(first + length_)};
}

std::vector<int32_t> Windows::spread(size_t index, size_t count) const {
  const size_t first = (tokens_.size() - length_) * index / count;
  return {tokens_.begin() + static_cast<ptrdiff_t>(first), tokens_.begin() + static_cast<ptrdiff_t>(first + length_)};
}

}  // namespace latformer::train
