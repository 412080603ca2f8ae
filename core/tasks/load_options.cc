#include "core/tasks/load_options.h"

#include <chrono>

namespace latformer {

double steady_milliseconds() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace latformer
