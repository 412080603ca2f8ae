// How far real calls lie above what the time model predicts, so that a budget can be held nearly always.
//
//   ratio  = measured / predicted milliseconds of a call, held within [1 / kBound, kBound]
//   factor = kHeadroom * the largest but one of the last 64 ratios
//
// Of 65 calls alike, at most 2 lie above the largest but one of the others (3 %); the headroom is for calls that are
// not alike, as when a machine warms up. Until there are that many, the calibration's own spread stands for the missing
// ones. The factor follows a machine that becomes slower within two calls, and one that becomes faster within 64.
#pragma once

#include <array>
#include <cstddef>

namespace latformer {

class Margin {
 public:
  explicit Margin(double spread);

  double factor() const;
  // A ratio that is no positive number is passed over.
  void observe(double ratio);

  static constexpr size_t kCalls = 64;
  static constexpr double kHeadroom = 1.03;
  static constexpr double kBound = 4;  // a machine that was asleep during a call says nothing about the next

 private:
  std::array<double, kCalls> ratios_;
  size_t next_ = 0;  // the oldest
};

}  // namespace latformer
