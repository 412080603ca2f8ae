// Measures a model on this device, once and briefly: parts of it at a handful of lengths -> a TimeModel.
//
// A part is run again and again, in turn with all others, until the time given is used up; the lower quartile of its
// runs counts, for what disturbs a machine only ever makes it slower, and time_fit.h makes curves of them. Lengths go
// up as far as a share of that time allows, so that a slow device is measured with short texts only and the curves go
// on from there.
//
// The clock and the model come from outside.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/status.h"
#include "core/elimination/cost.h"
#include "core/elimination/time/time_fit.h"
#include "core/elimination/time/time_model.h"

namespace latformer {

struct CalibrationPlan {
  Cost cost;
  uint32_t max_tokens = 1;    // of the longest input
  uint32_t n_min = 1;         // Cost::n_min
  double outside = 0;         // TimeModel::outside, which is not measured here
  double milliseconds = 220;  // to be spent, after a warm-up of an eighth; exceeded by one piece of work at most
};

// Does the work once. It is called with successive layers in mind: an inner layer is to be another one each time, as in
// a real call, which finds no layer's weights in the nearest cache.
using RunWorkload = std::function<Status(const Workload&)>;
using Clock = std::function<double()>;  // milliseconds since whenever

// Errors: those of `run`; invalid_argument if the clock stands still, runs backwards or is too coarse to time anything.
Result<TimeModel> calibrate(const CalibrationPlan& plan, const RunWorkload& run, const Clock& clock);

}  // namespace latformer
