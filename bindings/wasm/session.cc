#include "bindings/wasm/session.h"

#include <emscripten/val.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "bindings/wasm/convert.h"
#include "bindings/wasm/description.h"
#include "bindings/wasm/settings.h"
#include "core/base/status.h"
#include "core/tasks/load_options.h"
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

ModelFiles Session::given_files() const {
  ModelFiles files;
  for (const auto& [name, file] : files_) {
    std::string_view* text = files.find(name);
    if (text != nullptr) *text = {reinterpret_cast<const char*>(file.bytes.data()), file.size};
  }
  return files;
}

val Session::describe(size_t head_size) {
  return guarded([&] { return description_of(given_files(), staging_.bytes(head_size)); });
}

val Session::open(const std::string& task, size_t threads, const std::string& dtype) {
  return guarded([&] {
    const ModelFiles files = given_files();
    LoadOptions options;
    options.threads = threads;
    options.precision = precision_of(dtype);
    if (task == "generation") model_.emplace<BoundGenerator>();
    const Status status = std::visit([&](auto& model) { return model.open(files, options); }, model_);
    files_.clear();
    return value_or_failure(status);
  });
}

val Session::append(size_t size) {
  return guarded([&] {
    return value_or_failure(std::visit([&](auto& model) { return model.append(staging_.bytes(size)); }, model_));
  });
}

val Session::finish() {
  return guarded([&] {
    staging_.take();
    return std::visit([](auto& model) { return model.finish(); }, model_);
  });
}

val Session::calibrate(double outside) {
  return guarded([&] { return std::visit([&](auto& model) { return model.calibrate(outside); }, model_); });
}

val Session::restore_calibration(size_t size) {
  return guarded([&] {
    size_t begin = 0;
    const std::string_view json = staging_.text(begin, size);
    return std::visit([&](auto& model) { return model.restore_calibration(json); }, model_);
  });
}

val Session::classify(const val& lengths, double speedup, const val& budget, bool windows, bool traces) {
  return guarded([&] {
    return std::get_if<BoundClassifier>(&model_)->classify(staging_, lengths, speedup, budget, windows, traces);
  });
}

val Session::start_generation(const val& lengths, const val& options) {
  return guarded([&] { return std::get_if<BoundGenerator>(&model_)->start(staging_, lengths, options); });
}

val Session::next_pieces() {
  return guarded([&] { return std::get_if<BoundGenerator>(&model_)->next(); });
}

val Session::generation_stats() {
  return guarded([&] { return std::get_if<BoundGenerator>(&model_)->stats(); });
}

val Session::stop_generation() {
  return guarded([&] {
    std::get_if<BoundGenerator>(&model_)->stop();
    return val::object();
  });
}

}  // namespace latformer
