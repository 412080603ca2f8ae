#include "core/elimination/time/margin.h"

#include <algorithm>

namespace latformer {

Margin::Margin(double spread) { ratios_.fill(std::clamp(spread, 1 / kBound, kBound)); }

double Margin::factor() const {
  std::array<double, kCalls> sorted = ratios_;
  std::nth_element(sorted.begin(), sorted.end() - 2, sorted.end());
  return kHeadroom * sorted[kCalls - 2];
}

void Margin::observe(double ratio) {
  if (!(ratio > 0)) return;  // false for NaN
  ratios_[next_] = std::clamp(ratio, 1 / kBound, kBound);
  next_ = (next_ + 1) % kCalls;
}

}  // namespace latformer
