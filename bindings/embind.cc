// The module's face towards JavaScript: one class, Session, that loads one model and runs it. Only conversion happens
// here, no logic.
//
//   JavaScript -> C++   bytes, through a staging block in the wasm heap: stage(n) gives a view, fill it, then call
//   C++ -> JavaScript   plain objects; every method gives its value or {error: {code, message}} and never throws
//
// The core does not throw, but the standard library may run out of memory inside it: std::bad_alloc ends here as
// out_of_memory. Everything else that is thrown or trapped is a defect and takes the instance down (see engine.ts).
#include <emscripten/bind.h>
#include <emscripten/val.h>
#include <wasm_threads.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/tasks/classification.h"

extern "C" void _emscripten_stack_restore(uintptr_t stack);  // of Emscripten's compiler-rt, in no header

namespace latformer {
namespace {

using emscripten::val;

constexpr size_t kThreadStack = size_t{1} << 20;  // as -sSTACK_SIZE gives the first thread

// The names of a Precision, those of transformers.js.
constexpr std::string_view kF32Name = "fp32";
constexpr std::string_view kInt8Name = "q8";

val failure(const Status& status) {
  val error = val::object();
  error.set("code", std::string(name_of(status.code())));
  error.set("message", status.message());
  val result = val::object();
  result.set("error", error);
  return result;
}

val value_or_failure(const Status& status) { return status.ok() ? val::object() : failure(status); }

// Runs `function`; what the standard library throws when memory runs out becomes a failure.
template <class Function>
val guarded(const Function& function) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return failure(out_of_memory("the WebAssembly memory is exhausted"));
  } catch (const std::length_error&) {
    return failure(out_of_memory("more values than WebAssembly memory can address"));
  }
}

// A typed array of JavaScript's own (Float32Array, Uint32Array, Uint8Array, Float64Array) with a copy of `values`.
template <class T>
val typed_array(const std::vector<T>& values) {
  return val(emscripten::typed_memory_view(values.size(), values.data())).template call<val>("slice");
}

template <class T, class Convert>
val array_of(const std::vector<T>& values, const Convert& convert) {
  val array = val::array();
  for (size_t i = 0; i < values.size(); ++i) array.set(i, convert(values[i]));
  return array;
}

// Spans of all windows of one input in UTF-16 units, laid one after another as begin, end, begin, end, ...
std::vector<uint32_t> utf16_spans(const TextInput& input, const std::vector<Trace>& windows) {
  std::vector<TextSpan> spans[2];  // of text and text_pair: each is converted in a single pass
  for (const Trace& window : windows) {
    const Encoding& encoding = window.encoding;
    for (size_t i = 0; i < encoding.spans.size(); ++i) spans[encoding.sequence_ids[i]].push_back(encoding.spans[i]);
  }
  spans[0] = to_utf16(input.text, spans[0]);
  spans[1] = to_utf16(input.text_pair.value_or(std::string_view()), spans[1]);

  std::vector<uint32_t> result;
  size_t next[2] = {0, 0};
  for (const Trace& window : windows) {
    for (const uint8_t sequence : window.encoding.sequence_ids) {
      const TextSpan& span = spans[sequence][next[sequence]++];
      result.push_back(span.begin);
      result.push_back(span.end);
    }
  }
  return result;
}

val window_object(const Trace& trace) {
  const Encoding& encoding = trace.encoding;
  val window = val::object();
  window.set("sequenceIds", typed_array(encoding.sequence_ids));
  window.set("special", typed_array(encoding.is_special));
  window.set("continues", typed_array(encoding.continues));
  window.set("truncated", encoding.truncated);
  window.set("keptPositions", array_of(trace.kept_positions, [](const auto& kept) { return typed_array(kept); }));
  window.set("tokensPerLayer", typed_array(trace.tokens_per_layer));
  window.set("macs", static_cast<double>(trace.schedule.macs));
  window.set("achievedSpeedup", trace.schedule.achieved);
  if (trace.schedule.milliseconds) window.set("predictedMilliseconds", *trace.schedule.milliseconds);
  return window;
}

class Session {
 public:
  // A Uint8Array over `size` bytes of the heap. Memory may move: fill it before anything else is called.
  val stage(size_t size) {
    const Status status = staging_.reserve(size);
    if (!status.ok()) return failure(status);
    return val(emscripten::typed_memory_view(size, reinterpret_cast<uint8_t*>(staging_.data())));
  }

  // What one more thread needs to begin (see thread.ts): its number, the address that its stack goes down from, and the
  // functions that it calls, as indices into the module's table.
  val add_thread() {
    return guarded([&]() -> val {
      if (stacks_.size() == kLatformerMaxWasmThreads) {
        const std::string most = std::to_string(kLatformerMaxWasmThreads + 1);
        return failure(invalid_argument("at most " + most + " threads run a model"));
      }
      Result<Buffer<std::byte>> stack = Buffer<std::byte>::allocate(kThreadStack);
      if (!stack.ok()) return failure(stack.status());
      stacks_.push_back(std::move(stack).value());
      val thread = val::object();
      thread.set("index", stacks_.size() - 1);
      thread.set("stack", reinterpret_cast<uintptr_t>(stacks_.back().data()) + kThreadStack);
      thread.set("setStack", reinterpret_cast<uintptr_t>(&_emscripten_stack_restore));
      thread.set("run", reinterpret_cast<uintptr_t>(&latformer_thread));
      thread.set("fail", reinterpret_cast<uintptr_t>(&latformer_thread_failed));
      return thread;
    });
  }

  // The small files lie in the staging block, back to back in this order; size 0 means absent. `threads` run the model,
  // this one and those that were started; dtype is 'fp32', 'q8' or '' for what the weights are made for.
  val open(size_t config, size_t tokenizer, size_t tokenizer_config, size_t vocab, size_t profile, size_t threads,
           const std::string& dtype) {
    return guarded([&]() -> val {
      size_t begin = 0;
      ModelFiles files;
      files.config_json = staged(begin, config);
      files.tokenizer_json = staged(begin, tokenizer);
      files.tokenizer_config_json = staged(begin, tokenizer_config);
      files.vocab_txt = staged(begin, vocab);
      files.profile_json = staged(begin, profile);
      LoadOptions options;
      options.threads = threads_ = threads;
      if (dtype == kF32Name) options.precision = Precision::f32;
      if (dtype == kInt8Name) options.precision = Precision::int8;
      Result<ClassifierLoader> loader = ClassifierLoader::create(files, options);
      if (loader.ok()) loader_ = std::move(loader).value();
      return value_or_failure(loader.status());
    });
  }

  // The next `size` bytes of model.safetensors lie in the staging block.
  val append(size_t size) {
    return guarded([&] { return value_or_failure(loader_->append({staging_.data(), size})); });
  }

  // All bytes were appended. Gives what the model is.
  val finish() {
    return guarded([&]() -> val {
      Result<Classifier> classifier = loader_->finish();
      loader_.reset();
      staging_ = {};
      if (!classifier.ok()) return failure(classifier.status());
      classifier_ = std::move(classifier).value();
      return settings();
    });
  }

  // The texts lie in the staging block, back to back as UTF-8; `lengths` has two entries for each input, the bytes of
  // text and of text_pair, -1 where there is no pair. `budget`: milliseconds for each input, undefined for none.
  // `traces`: whether to report what happened inside. Gives the results, and the milliseconds of the core alone.
  val run(const val& lengths, double speedup, const val& budget, bool windows, bool traces) {
    return guarded([&]() -> val {
      const std::vector<double> sizes = emscripten::convertJSArrayToNumberVector<double>(lengths);
      std::vector<TextInput> inputs(sizes.size() / 2);
      size_t begin = 0;
      for (size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].text = staged(begin, static_cast<size_t>(sizes[2 * i]));
        if (sizes[2 * i + 1] >= 0) inputs[i].text_pair = staged(begin, static_cast<size_t>(sizes[2 * i + 1]));
      }
      RunOptions options;
      options.speedup = speedup;
      if (!budget.isUndefined()) options.budget = budget.as<double>();
      options.long_text = windows ? LongText::windows : LongText::truncate;
      const double start = steady_milliseconds();
      Result<std::vector<Classification>> answers = classifier_->run(inputs, options);
      const double milliseconds = steady_milliseconds() - start;
      if (!answers.ok()) return failure(answers.status());

      val results = val::array();
      for (size_t i = 0; i < inputs.size(); ++i) {
        const Classification& answer = answers.value()[i];
        val result = val::object();
        result.set("scores", typed_array(answer.scores));
        if (traces) {
          if (answer.predicted_milliseconds) result.set("predictedMilliseconds", *answer.predicted_milliseconds);
          result.set("spans", typed_array(utf16_spans(inputs[i], answer.windows)));
          result.set("windows", array_of(answer.windows, window_object));
        }
        results.set(i, result);
      }
      val run = val::object();
      run.set("results", results);
      run.set("milliseconds", milliseconds);
      return run;
    });
  }

  // Times the model; `outside` is what a call takes around run(), in milliseconds.
  val calibrate(double outside) {
    return guarded([&]() -> val {
      const Status status = classifier_->calibrate(outside);
      return status.ok() ? calibration() : failure(status);
    });
  }

  // The same from `size` bytes in the staging block, what an earlier calibration gave as json.
  val restore_calibration(size_t size) {
    return guarded([&]() -> val {
      size_t begin = 0;
      const Status status = classifier_->restore_calibration(staged(begin, size));
      return status.ok() ? calibration() : failure(status);
    });
  }

  // Gives the staging block back to the heap.
  void release_staging() { staging_ = {}; }

 private:
  std::string_view staged(size_t& begin, size_t size) const {
    const auto* data = reinterpret_cast<const char*>(staging_.data()) + begin;
    begin += size;
    return {data, size};
  }

  val calibration() const {
    val texts = val::array();  // at speedup 1, of lengths that double up to the longest
    const uint32_t most = classifier_->max_tokens();
    for (uint32_t tokens = std::min(16U, most), i = 0;; tokens = std::min(2 * tokens, most), ++i) {
      val text = val::object();
      text.set("tokens", tokens);
      text.set("milliseconds", classifier_->milliseconds_in_full(tokens));
      texts.set(i, text);
      if (tokens == most) break;
    }
    val result = val::object();
    result.set("outside", classifier_->time_model()->outside);
    result.set("json", to_json(*classifier_->time_model()));
    result.set("texts", texts);
    return result;
  }

  val settings() const {
    const BertConfig& config = classifier_->config();
    const Profile& profile = classifier_->profile();
    val profile_object = val::object();
    profile_object.set("source", std::string(profile.is_default ? "default" : "model"));
    profile_object.set("dropped", std::string(profile.dropped == Dropped::merge ? "merge" : "discard"));
    profile_object.set("retention", array_of(profile.retention, [](double r) { return val(r); }));
    profile_object.set("acc", array_of(profile.acc, [](double acc) { return val(acc); }));

    val settings = val::object();
    settings.set("labels", array_of(config.labels, [](const std::string& label) { return val(label); }));
    settings.set("problem_type", std::string(name_of(config.problem_type)));
    settings.set("vocab_size", config.vocab_size);
    settings.set("hidden_size", config.hidden_size);
    settings.set("num_hidden_layers", config.num_hidden_layers);
    settings.set("num_attention_heads", config.num_attention_heads);
    settings.set("intermediate_size", config.intermediate_size);
    settings.set("max_tokens", classifier_->max_tokens());
    settings.set("max_speedup", classifier_->max_speedup());
    settings.set("profile", profile_object);
    settings.set("dtype", std::string(classifier_->precision() == Precision::f32 ? kF32Name : kInt8Name));
    settings.set("threads", threads_);
    settings.set("kernels", std::string(kernels::description()));
    return settings;
  }

  std::vector<Buffer<std::byte>> stacks_;  // of the further threads
  size_t threads_ = 1;
  Buffer<std::byte> staging_;
  std::optional<ClassifierLoader> loader_;
  std::optional<Classifier> classifier_;
};

}  // namespace
}  // namespace latformer

EMSCRIPTEN_BINDINGS(latformer) {
  using latformer::Session;
  emscripten::class_<Session>("Session")
      .constructor<>()
      .function("addThread", &Session::add_thread)
      .function("stage", &Session::stage)
      .function("open", &Session::open)
      .function("append", &Session::append)
      .function("finish", &Session::finish)
      .function("run", &Session::run)
      .function("calibrate", &Session::calibrate)
      .function("restoreCalibration", &Session::restore_calibration)
      .function("releaseStaging", &Session::release_staging);
}
