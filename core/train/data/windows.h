// Running text as windows of tokens: what a language model is trained on.
//
// A text is read a part at a time, tokenised as it comes, and kept as numbers (4 bytes a token). A window is `length`
// neighbouring tokens; an epoch has each token once, from an offset of its own, its windows in an order of its own:
// both follow from the seed and the epoch's number, so that a run that is taken up again sees what it would have seen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/text/tokenizer.h"

namespace latformer::train {

class Windows {
 public:
  // Errors: those of reading files; invalid_argument (text that is not UTF-8, naming the file; fewer tokens than a
  // window has).
  static Result<Windows> read(const std::vector<std::filesystem::path>& files, const Tokenizer& tokenizer,
                              uint32_t length);

  size_t tokens() const { return tokens_.size(); }
  uint32_t length() const { return length_; }
  size_t in_epoch() const { return (tokens_.size() - length_) / length_; }  // windows

  // Window `number` of all that come one after the other, epoch behind epoch.
  std::vector<int32_t> at(uint64_t number, uint64_t seed);
  // Window `index` of `count` that are spread evenly over the text.
  std::vector<int32_t> spread(size_t index, size_t count) const;

 private:
  uint32_t length_ = 0;
  std::vector<int32_t> tokens_;
  std::vector<uint32_t> order_;  // of the epoch that was asked for last
  uint64_t epoch_ = UINT64_MAX;
  size_t offset_ = 0;
};

}  // namespace latformer::train
