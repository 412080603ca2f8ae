// How a model is to run, decided when it is loaded.
#pragma once

#include <cstddef>
#include <optional>

#include "core/base/status.h"
#include "core/elimination/time/calibration.h"
#include "core/kernels/linear.h"

namespace latformer {

// Milliseconds of the machine's steady clock.
double steady_milliseconds();

// What a loader says to whoever goes on loading after its model was taken. A caller's mistake.
Status already_loaded();

struct LoadOptions {
  size_t threads = 1;                    // including the caller's own
  std::optional<Precision> precision{};  // absent: int8 where the file's linear layers are int8, else f32
  Clock clock = steady_milliseconds;
};

}  // namespace latformer
