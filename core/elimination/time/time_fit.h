// Times of parts of a model -> a TimeModel that predicts all others.
//
//   minimise  sum over timings of w ((predicted - measured) / measured)^2 + a little for curves that bend
//   such that every coefficient is at least 0                                         (coordinate descent)
//
// w is 1, and less for what took longer than predicted: what disturbs a machine only ever makes it slower. Curves that
// prefer to be straight leave the square of a long text to attention, also beyond the lengths that were timed.
#pragma once

#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/time/time_model.h"

namespace latformer {

struct Timing {
  Workload work;
  double milliseconds = 0;        // no positive number: the timing is passed over
  std::vector<double> samples{};  // how it varies; the first one found cold memory and is passed over
};

// Words and embedding at one length each; several lengths of each kind of layer that the model has.
// Errors: invalid_argument if no timing of a kind is usable.
Result<TimeModel> fit_time_model(std::span<const Timing> timings);

}  // namespace latformer
