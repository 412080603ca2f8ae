#include "bindings/wasm/session.h"

#include <emscripten/val.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "bindings/wasm/convert.h"
#include "core/base/status.h"
#include "core/kernels/linear.h"
#include "core/tasks/model_files.h"

namespace latformer {

using emscripten::val;

val Session::add_thread() {
  return guarded([&] { return threads_.add(); });
}

val Session::file(const std::string& name, size_t size) {
  return guarded([&] {
    files_[name] = File{.bytes = staging_.take(), .size = size};
    return val::object();
  });
}

val Session::open(size_t threads, const std::string& dtype) {
  return guarded([&] {
    ModelFiles files;
    for (const auto& [name, file] : files_) {
      std::string_view* text = files.find(name);
      if (text != nullptr) *text = {reinterpret_cast<const char*>(file.bytes.data()), file.size};
    }
    LoadOptions options;
    options.threads = threads;
    if (dtype == "fp32") options.precision = Precision::f32;
    if (dtype == "q8") options.precision = Precision::int8;
    const Status status = classifier_.open(files, options);
    files_.clear();
    return value_or_failure(status);
  });
}

val Session::append(size_t size) {
  return guarded([&] { return value_or_failure(classifier_.append(staging_.bytes(size))); });
}

val Session::finish() {
  return guarded([&] {
    staging_.take();
    return classifier_.finish();
  });
}

val Session::classify(const val& lengths, double speedup, const val& budget, bool windows, bool traces) {
  return guarded([&] { return classifier_.classify(staging_, lengths, speedup, budget, windows, traces); });
}

val Session::calibrate(double outside) {
  return guarded([&] { return classifier_.calibrate(outside); });
}

val Session::restore_calibration(size_t size) {
  return guarded([&] {
    size_t begin = 0;
    return classifier_.restore_calibration(staging_.text(begin, size));
  });
}

}  // namespace latformer
