// Calibration of a task: its layers, and the tokenizer on a text in its own words, timed as elimination/time/ asks.
#pragma once

#include <cstddef>
#include <functional>

#include "core/elimination/time/calibration.h"
#include "core/text/tokenizer.h"

namespace latformer {

// Runs one part of the model over a made-up text; an inner layer is the one of that index.
using RehearseLayer = std::function<Status(const Workload&, size_t index)>;

// Errors: those of `layer`, the tokenizer and calibrate().
Result<TimeModel> rehearse(const CalibrationPlan& plan, const Tokenizer& tokenizer, const RehearseLayer& layer,
                           const Clock& clock);

}  // namespace latformer
