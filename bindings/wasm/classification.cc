#include "bindings/wasm/classification.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/wasm/convert.h"
#include "bindings/wasm/settings.h"
#include "bindings/wasm/staging.h"
#include "core/base/status.h"
#include "core/tasks/classification.h"

namespace latformer {
namespace {

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

// Names of transformers' function_to_apply; absent for any other name.
std::optional<ScoreFunction> score_function_of(std::string_view name) {
  if (name == "softmax") return ScoreFunction::softmax;
  if (name == "sigmoid") return ScoreFunction::sigmoid;
  if (name == "none") return ScoreFunction::none;
  return {};
}

}  // namespace

Status BoundClassifier::open(const ModelFiles& files, const LoadOptions& options) {
  Result<ClassifierLoader> loader = ClassifierLoader::create(files, options);
  if (!loader.ok()) return loader.status();
  threads_ = options.threads;
  loader_ = std::move(loader).value();
  return {};
}

Status BoundClassifier::append(std::span<const std::byte> bytes) {
  return loader_ ? loader_->append(bytes) : invalid_argument("weights come after open()");
}

val BoundClassifier::finish() {
  if (!loader_) return too_early("open()");
  Result<Classifier> classifier = loader_->finish();
  loader_.reset();
  if (!classifier.ok()) return failure(classifier.status());
  classifier_ = std::move(classifier).value();
  return settings();
}

val BoundClassifier::start(Staging& staging, const val& lengths, double speedup, const val& budget, bool windows,
                           bool traces, const std::string& function) {
  stop();
  if (!classifier_) return too_early("a model");
  const Result<Lengths> checked = lengths_of(lengths, staging.size());
  if (!checked.ok()) return failure(checked.status());
  const Lengths& sizes = checked.value();
  RunOptions options;
  options.speedup = speedup;
  if (!budget.isUndefined()) options.budget = budget.as<double>();
  options.long_text = windows ? LongText::windows : LongText::truncate;
  const std::optional<ScoreFunction> score_function = score_function_of(function);
  if (!score_function && !function.empty()) return failure(invalid_argument("there is no function of such a name"));

  std::vector<TextInput> inputs(sizes.size() / 2);
  size_t begin = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].text = staging.text(begin, sizes[2 * i].value_or(0));
    if (sizes[2 * i + 1]) inputs[i].text_pair = staging.text(begin, *sizes[2 * i + 1]);
  }
  Result<EncoderCall> run = classifier_->start(inputs, options);
  if (!run.ok()) return failure(run.status());
  call_.emplace(staging.take(), std::move(inputs), std::move(run).value(), traces, score_function);
  return val::object();
}

val BoundClassifier::go_on(double milliseconds) {
  if (!call_) return too_early("a call");
  Call call = *std::exchange(call_, {});  // which an error ends
  const double start = steady_milliseconds();
  const Status status = call.run.work(milliseconds);
  call.milliseconds += steady_milliseconds() - start;
  if (!status.ok()) return failure(status);
  if (!call.run.done()) {
    call_ = std::move(call);
    return val::object();
  }
  return results(call, classifier_->answers_of(call.run.take(), call.function));
}

val BoundClassifier::results(const Call& call, const std::vector<Classification>& answers) const {
  val results = val::array();
  for (size_t i = 0; i < answers.size(); ++i) {
    const Classification& answer = answers[i];
    val result = val::object();
    result.set("scores", typed_array(answer.scores));
    if (call.traces) {
      if (answer.predicted_milliseconds) result.set("predictedMilliseconds", *answer.predicted_milliseconds);
      result.set("spans", typed_array(utf16_spans(call.inputs[i], answer.windows)));
      result.set("windows", array_of(answer.windows, window_object));
    }
    results.set(i, result);
  }
  val run = val::object();
  run.set("results", results);
  run.set("milliseconds", call.milliseconds);
  return run;
}

val BoundClassifier::calibrate(double outside) {
  stop();
  if (!classifier_) return too_early("a model");
  const Status status = classifier_->calibrate(outside);
  return status.ok() ? calibration() : failure(status);
}

val BoundClassifier::restore_calibration(std::string_view json) {
  stop();
  if (!classifier_) return too_early("a model");
  const Status status = classifier_->restore_calibration(json);
  return status.ok() ? calibration() : failure(status);
}

val BoundClassifier::calibration() const {
  return calibration_of(*classifier_->time_model(), classifier_->max_tokens(),
                        [&](uint32_t tokens) { return classifier_->milliseconds_in_full(tokens); });
}

val BoundClassifier::settings() const {
  const EncoderConfig& config = classifier_->config();
  val settings = common_settings(classifier_->profile(), classifier_->max_tokens(), classifier_->precision(), threads_);
  settings.set("labels", array_of(config.labels, [](const std::string& label) { return val(label); }));
  settings.set("problem_type", std::string(name_of(config.problem_type)));
  settings.set("vocab_size", config.vocab_size);
  settings.set("hidden_size", config.hidden_size);
  settings.set("num_hidden_layers", config.num_hidden_layers);
  settings.set("num_attention_heads", config.num_attention_heads);
  settings.set("intermediate_size", config.intermediate_size);
  return settings;
}

}  // namespace latformer
