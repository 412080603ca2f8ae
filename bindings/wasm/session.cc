#include "bindings/wasm/session.h"

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

namespace {

val not_staged() { return failure(invalid_argument("these bytes were not staged")); }

val opened(const char* weights) {
  val result = val::object();
  result.set("weights", std::string(weights));
  return result;
}

}  // namespace

template <class Bound, class Method>
val Session::with(const Method& method) {
  return guarded([&] {
    auto* model = std::get_if<Bound>(&model_);
    return model != nullptr ? method(*model) : failure(invalid_argument("the model was opened for another task"));
  });
}

val Session::add_thread() {
  return guarded([&] { return threads_.add(); });
}

val Session::file(const std::string& name, size_t size) {
  return guarded([&] {
    if (size > staging_.size()) return not_staged();
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
  return guarded([&] {
    return head_size <= staging_.size() ? description_of(given_files(), staging_.bytes(head_size)) : not_staged();
  });
}

val Session::open(const std::string& task, size_t threads, const std::string& dtype, const std::string& origin) {
  return guarded([&] {
    if (threads < 1 || !threads_.suffice(threads)) {
      return failure(invalid_argument("there are not as many threads"));
    }
    if (BoundEncoder::knows(task)) {
      model_.emplace<BoundEncoder>(task);
    } else if (task == "generation") {
      model_.emplace<BoundGenerator>();
    } else {
      return failure(invalid_argument("no model is opened for such a task"));
    }
    const ModelFiles files = given_files();
    LoadOptions options;
    if constexpr (kBuffersAreShared) {
      share_.reset();
      if (!origin.empty()) {
        share_ = WeightShare::join(task + '\n' + dtype + '\n' + origin + '\n' + std::string(files.config_json));
        if (share_ == nullptr) return opened("elsewhere");
      }
      options.share = share_;
    }
    options.threads = threads;
    options.precision = precision_of(dtype);
    const Status status = std::visit([&](auto& model) { return model.open(files, options); }, model_);
    files_.clear();
    if (!status.ok()) {
      share_.reset();
      return failure(status);
    }
    if constexpr (kBuffersAreShared) {
      if (share_ != nullptr) return opened(share_->ready() == nullptr ? "first" : "shared");
    }
    return opened("own");
  });
}

val Session::open_tokenizer() {
  return guarded([&] {
    const val facts = tokenizer_.open(given_files());
    files_.clear();
    return facts;
  });
}

val Session::tokenize(const val& lengths, bool special) {
  return guarded([&] { return tokenizer_.encode(staging_, lengths, special); });
}

val Session::texts_of(const val& ids, bool skip_special) {
  return guarded([&] {
    const auto* encoder = std::get_if<BoundEncoder>(&model_);
    const Tokenizer* of_model = encoder != nullptr ? encoder->tokenizer() : nullptr;
    const Tokenizer* tokenizer = of_model != nullptr ? of_model : tokenizer_.get();
    return tokenizer != nullptr ? latformer::texts_of(*tokenizer, ids, skip_special) : too_early("a tokenizer");
  });
}

val Session::append(size_t size) {
  return guarded([&] {
    if (size > staging_.size()) return not_staged();
    return value_or_failure(std::visit([&](auto& model) { return model.append(staging_.bytes(size)); }, model_));
  });
}

val Session::finish() {
  return guarded([&] {
    staging_.take();
    const val model = std::visit([](auto& loading) { return loading.finish(); }, model_);
    if constexpr (kBuffersAreShared) {
      if (share_ && share_->ready() == nullptr) share_.reset();  // it failed: the next one tries
    }
    return model;
  });
}

val Session::calibrate(double outside) {
  return guarded([&] { return std::visit([&](auto& model) { return model.calibrate(outside); }, model_); });
}

val Session::restore_calibration(size_t size) {
  return guarded([&] {
    if (size > staging_.size()) return not_staged();
    size_t begin = 0;
    const std::string_view json = staging_.text(begin, size);
    return std::visit([&](auto& model) { return model.restore_calibration(json); }, model_);
  });
}

val Session::start_encoding(const val& lengths, const val& options) {
  return with<BoundEncoder>([&](auto& model) { return model.start(staging_, lengths, options); });
}

val Session::go_on_encoding(double milliseconds) {
  return with<BoundEncoder>([&](auto& model) { return model.go_on(milliseconds); });
}

val Session::stop_encoding() {
  return with<BoundEncoder>([](auto& model) {
    model.stop();
    return val::object();
  });
}

val Session::start_generation(const val& lengths, const val& options) {
  return with<BoundGenerator>([&](auto& model) { return model.start(staging_, lengths, options); });
}

val Session::next_pieces(double milliseconds) {
  return with<BoundGenerator>([&](auto& model) { return model.next(milliseconds); });
}

val Session::generation_stats() {
  return with<BoundGenerator>([](auto& model) { return model.stats(); });
}

val Session::stop_generation() {
  return with<BoundGenerator>([](auto& model) {
    model.stop();
    return val::object();
  });
}

}  // namespace latformer
