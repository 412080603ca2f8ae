// Strings that end a text, which comes in pieces: what may still become one of them is held back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latformer {

class StopStrings {
 public:
  // None of them empty.
  explicit StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // What can be handed out now that `piece` has come. Once one of the strings is there, the text before it, and nothing
  // after: stopped().
  std::string append(std::string_view piece);
  // What was held back: no more comes.
  std::string finish() { return std::exchange(held_, {}); }
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace latformer
