#include "core/tasks/load_options.h"

#include <chrono>

namespace latformer {

double steady_milliseconds() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Status already_loaded() { return internal_error("this model was already loaded to its end"); }

}  // namespace latformer
