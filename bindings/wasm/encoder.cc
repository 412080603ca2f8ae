#include "bindings/wasm/encoder.h"

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
#include "bindings/wasm/spans.h"
#include "bindings/wasm/staging.h"
#include "core/base/status.h"
#include "core/tasks/classification.h"
#include "core/tasks/embedding.h"
#include "core/tasks/token_tasks.h"

namespace latformer {
namespace {

std::vector<uint32_t> spans_of(const TextInput& input, const std::vector<Trace>& windows) {
  std::vector<const Encoding*> encodings;
  for (const Trace& window : windows) encodings.push_back(&window.encoding);
  return utf16_spans(input.text, input.text_pair.value_or(std::string_view()), encodings);
}

// What is told of a window of any task.
val window_object(const Trace& trace) {
  const Encoding& encoding = trace.encoding;
  val window = val::object();
  window.set("ids", typed_array(encoding.ids));
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

// Absent for any other name.
std::optional<Pooling> pooling_of(std::string_view name) {
  if (name == "mean") return Pooling::mean;
  if (name == "cls") return Pooling::cls;
  if (name == "none") return Pooling::none;
  return {};
}

std::string name_of(Pooling pooling) {
  return pooling == Pooling::mean ? "mean" : pooling == Pooling::cls ? "cls" : "none";
}

// The results of all windows, one behind the other.
std::vector<float> joined(const std::vector<std::vector<float>>& results) {
  std::vector<float> values;
  for (const std::vector<float>& result : results) values.insert(values.end(), result.begin(), result.end());
  return values;
}

}  // namespace

bool BoundEncoder::knows(const std::string& task) {
  for (const char* name : {"classification", "ranking", "embedding", "tokens", "mask", "question"}) {
    if (task == name) return true;
  }
  return false;
}

Status BoundEncoder::open(const ModelFiles& files, const LoadOptions& options) {
  const OpenModel open = [&](const ModelFiles& of, std::optional<Precision> precision) {
    if (task_ == "embedding") return Embedder::open(of, precision, sentences_.emplace());
    if (task_ == "tokens") return open_token_classifier(of, precision);
    if (task_ == "question") return open_question_answerer(of, precision);
    if (task_ == "mask") return open_mask_filler(of, precision, mask_ = std::make_shared<int32_t>(-1));
    Classifier::Settings none;
    return Classifier::open(of, precision, none);
  };
  Result<EncoderLoader> loader = EncoderLoader::create(files, open, options);
  if (!loader.ok()) return loader.status();
  threads_ = options.threads;
  loader_ = std::move(loader).value();
  return {};
}

Status BoundEncoder::append(std::span<const std::byte> bytes) {
  return loader_ ? loader_->append(bytes) : invalid_argument("weights come after open()");
}

val BoundEncoder::finish() {
  if (!loader_) return too_early("open()");
  Result<Encoder> encoder = loader_->finish();
  loader_.reset();
  if (!encoder.ok()) return failure(encoder.status());
  encoder_ = std::move(encoder).value();
  if (mask_) {
    const std::optional<NamedToken> mask = mask_of(encoder_->tokenizer());
    if (!mask) return failure(unsupported_model("the tokenizer has neither [MASK] nor <mask>"));
    *mask_ = mask->id;
  }
  return settings();
}

val BoundEncoder::start(Staging& staging, const val& lengths, const val& given) {
  stop();
  if (!encoder_) return too_early("a model");
  const Result<Lengths> checked = lengths_of(lengths, staging.size());
  if (!checked.ok()) return failure(checked.status());
  const Lengths& sizes = checked.value();
  EmbedOptions options;
  options.speedup = given["speedup"].as<double>();
  if (!given["budget"].isUndefined()) options.budget = given["budget"].as<double>();
  options.shared_budget = given["sharedBudget"].as<bool>();
  options.long_text = given["windows"].as<bool>() ? LongText::windows : LongText::truncate;
  if (!given["windowTokens"].isUndefined()) {
    const double tokens = given["windowTokens"].as<double>();
    const double stride = given["windowStride"].as<double>();
    if (!(tokens >= 1 && tokens <= UINT32_MAX && stride >= 0 && stride <= UINT32_MAX)) {
      return failure(invalid_argument("there are no such windows"));
    }
    options.pair_windows = {.max_tokens = static_cast<size_t>(tokens), .stride = static_cast<size_t>(stride)};
  }
  if (!given["pooling"].isUndefined()) {
    options.pooling = pooling_of(given["pooling"].as<std::string>());
    if (!options.pooling) return failure(invalid_argument("there is no pooling of such a name"));
  }
  if (sentences_) {
    const Status status = ask(*sentences_, options);
    if (!status.ok()) return failure(status);
  }

  std::vector<TextInput> inputs(sizes.size() / 2);
  size_t begin = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].text = staging.text(begin, sizes[2 * i].value_or(0));
    if (sizes[2 * i + 1]) inputs[i].text_pair = staging.text(begin, *sizes[2 * i + 1]);
  }
  Result<EncoderCall> run = encoder_->start(inputs, options);
  if (!run.ok()) return failure(run.status());
  call_.emplace(staging.take(), std::move(inputs), std::move(run).value(), given["stats"].as<bool>());
  return val::object();
}

val BoundEncoder::go_on(double milliseconds) {
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
  return results(call, call.run.take());
}

val BoundEncoder::window_of(const Trace& trace) const {
  val window = window_object(trace);
  if (task_ == "tokens") {
    const auto text = [&](int32_t id) { return val(std::string(encoder_->tokenizer().token(id))); };
    window.set("tokens", array_of(trace.encoding.ids, text));
  }
  return window;
}

val BoundEncoder::results(const Call& call, const std::vector<Encoded>& answers) const {
  val results = val::array();
  for (size_t i = 0; i < answers.size(); ++i) {
    const Encoded& answer = answers[i];
    val result = val::object();
    result.set("values", typed_array(joined(answer.results)));
    result.set("count", answer.windows.size());
    if (call.traces) {
      if (answer.predicted_milliseconds) result.set("predictedMilliseconds", *answer.predicted_milliseconds);
      result.set("spans", typed_array(spans_of(call.inputs[i], answer.windows)));
      result.set("windows", array_of(answer.windows, [this](const Trace& trace) { return window_of(trace); }));
    }
    results.set(i, result);
  }
  val run = val::object();
  run.set("results", results);
  run.set("milliseconds", call.milliseconds);
  return run;
}

val BoundEncoder::calibrate(double outside) {
  stop();
  if (!encoder_) return too_early("a model");
  const Status status = encoder_->calibrate(outside);
  return status.ok() ? calibration() : failure(status);
}

val BoundEncoder::restore_calibration(std::string_view json) {
  stop();
  if (!encoder_) return too_early("a model");
  const Status status = encoder_->restore_calibration(json);
  return status.ok() ? calibration() : failure(status);
}

val BoundEncoder::calibration() const {
  return calibration_of(*encoder_->time_model(), encoder_->max_tokens(),
                        [&](uint32_t tokens) { return encoder_->milliseconds_in_full(tokens); });
}

val BoundEncoder::settings() const {
  const EncoderConfig& config = encoder_->config();
  val settings = common_settings(encoder_->profile(), encoder_->max_tokens(), encoder_->precision(), threads_);
  settings.set("vocab_size", config.vocab_size);
  settings.set("hidden_size", config.hidden_size);
  settings.set("num_hidden_layers", config.num_hidden_layers);
  settings.set("num_attention_heads", config.num_attention_heads);
  settings.set("intermediate_size", config.intermediate_size);
  if (sentences_) {
    val prompts = val::object();
    for (const auto& [name, text] : sentences_->prompts) prompts.set(name, text);
    settings.set("prompts", prompts);
    settings.set("default_prompt_name", sentences_->default_prompt ? val(*sentences_->default_prompt) : val::null());
    settings.set("pooling", name_of(sentences_->is_plain ? Pooling::none : sentences_->pooling.pooling));
    settings.set("normalize", sentences_->normalize);
    settings.set("dimensions", sentences_->dimensions);
  } else {
    settings.set("labels", array_of(config.labels, [](const std::string& label) { return val(label); }));
    settings.set("problem_type", std::string(name_of(config.problem_type)));
  }
  const Tokenizer& tokenizer = encoder_->tokenizer();
  const std::optional<NamedToken> mask = task_ == "mask" ? mask_of(tokenizer) : std::nullopt;
  if (mask) {
    settings.set("mask_token", std::string(mask->text));
    settings.set("mask_token_id", mask->id);
  }
  const std::optional<NamedToken> unknown = task_ == "tokens" ? unknown_of(tokenizer) : std::nullopt;
  if (unknown) settings.set("unk_token", std::string(unknown->text));
  if (task_ == "tokens") settings.set("has_word_pieces", tokenizer.facts().type == "WordPiece");
  return settings;
}

}  // namespace latformer
