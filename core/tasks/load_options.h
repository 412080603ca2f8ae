// How a model is to run, decided when it is loaded.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "core/base/status.h"
#include "core/elimination/time/calibration.h"
#include "core/kernels/linear.h"
#include "core/models/shared_weights.h"

namespace latformer {

// Milliseconds of the machine's steady clock.
double steady_milliseconds();

// What a loader says to whoever goes on loading after its model was taken. A caller's mistake.
Status already_loaded();

struct LoadOptions {
  size_t threads = 1;                    // including the caller's own
  std::optional<Precision> precision{};  // absent: int8 where the file's linear layers are int8, else f32
  Clock clock = steady_milliseconds;
  // Whose weights the model is to have, or to make ready; see WeightShare. Absent: its own.
  std::shared_ptr<WeightShare> share{};
};

}  // namespace latformer
