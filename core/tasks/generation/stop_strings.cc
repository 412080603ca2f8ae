#include "core/tasks/generation/stop_strings.h"

#include <algorithm>

namespace latformer {

std::string StopStrings::append(std::string_view piece) {
  if (stopped_) return {};
  held_ += piece;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, held_.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    held_.resize(first);
    return finish();
  }
  size_t hold = 0;  // the longest end of the text that begins a stop string
  for (const std::string& stop : stops_) {
    for (size_t n = std::min(held_.size(), stop.size() - 1); n > hold; --n) {
      if (held_.ends_with(std::string_view(stop).substr(0, n))) hold = n;
    }
  }
  std::string free = held_.substr(0, held_.size() - hold);
  held_.erase(0, free.size());
  return free;
}

}  // namespace latformer
