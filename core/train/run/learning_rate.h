// The learning rate of each step of a stage: it climbs to its height, then falls to nothing in a straight line.
//
//   rate(s) = height * min((s + 1) / (warm_up + 1), (steps - s) / (steps - warm_up))        s = 0 .. steps - 1
#pragma once

#include <algorithm>
#include <cstdint>

namespace latformer::train {

inline double learning_rate(double height, uint64_t step, uint64_t steps, double warm_up_share) {
  const double warm_up = warm_up_share * static_cast<double>(steps);
  const double up = static_cast<double>(step + 1) / (warm_up + 1);
  const double down = static_cast<double>(steps - step) / std::max(1.0, static_cast<double>(steps) - warm_up);
  return height * std::min({1.0, up, down});
}

}  // namespace latformer::train
