#include "bindings/wasm/generation.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/wasm/convert.h"
#include "bindings/wasm/settings.h"
#include "bindings/wasm/staging.h"
#include "core/base/status.h"
#include "core/elimination/prompt.h"
#include "core/models/decoder/decoder.h"
#include "core/tasks/generation.h"

namespace latformer {
namespace {

// The whole number that is nearest to it of those that Number holds.
template <class Number>
Number whole(double x) {
  if (!(x > 0)) return 0;  // NaN, too
  return x < static_cast<double>(std::numeric_limits<Number>::max()) ? static_cast<Number>(x)
                                                                     : std::numeric_limits<Number>::max();
}

// `given` has the types of GenerateOptions: TypeScript has looked at them. Errors: invalid_argument (mode).
Result<GenerationOptions> options_of(const val& given) {
  const auto number = [&](const char* name) { return given[name].as<double>(); };
  GenerationOptions options;
  options.max_new_tokens = whole<uint32_t>(number("maxNewTokens"));
  options.sampling = {.do_sample = given["doSample"].as<bool>(),
                      .temperature = number("temperature"),
                      .top_k = whole<uint32_t>(number("topK")),
                      .top_p = number("topP"),
                      .min_p = number("minP"),
                      .repetition_penalty = number("repetitionPenalty"),
                      .seed = whole<uint64_t>(number("seed"))};
  options.beams = {.num_beams = whole<uint32_t>(number("numBeams")), .length_penalty = number("lengthPenalty")};
  options.stop = strings_in(given["stop"]);
  options.context_limit = given["slide"].as<bool>() ? ContextLimit::slide : ContextLimit::end;
  options.speedup = number("speedup");
  if (!given["budget"].isUndefined()) options.budget = number("budget");
  if (!given["mode"].isUndefined()) {
    LATFORMER_ASSIGN(options.mode, parse_prompt_mode(given["mode"].as<std::string>()));
  }
  return options;
}

val piece_object(const Piece& piece) {
  val object = val::object();
  object.set("prompt", piece.prompt);
  object.set("text", piece.text);
  object.set("tokens", piece.tokens.size());
  if (piece.finish) object.set("finish", std::string(name_of(*piece.finish)));
  return object;
}

val stats_object(const GenerationStats& stats) {
  val object = val::object();
  object.set("promptTokens", stats.prompt_tokens);
  object.set("reusedTokens", stats.reused_tokens);
  object.set("tokensPerLayer", typed_array(stats.tokens_per_layer));
  object.set("keptPositions", array_of(stats.kept_positions, [](const auto& kept) { return typed_array(kept); }));
  object.set("requestedSpeedup", stats.requested_speedup);
  object.set("achievedSpeedup", stats.achieved_speedup);
  object.set("macs", static_cast<double>(stats.macs));
  object.set("cacheBytes", static_cast<double>(stats.cache_bytes));
  object.set("firstMilliseconds", stats.first_milliseconds);
  object.set("newTokens", stats.new_tokens);
  object.set("tokensPerSecond", stats.tokens_per_second);
  return object;
}

}  // namespace

Status BoundGenerator::open(const ModelFiles& files, const LoadOptions& options) {
  Result<GeneratorLoader> loader = GeneratorLoader::create(files, options);
  if (!loader.ok()) return loader.status();
  threads_ = options.threads;
  loader_ = std::move(loader).value();
  return {};
}

Status BoundGenerator::append(std::span<const std::byte> bytes) {
  return loader_ ? loader_->append(bytes) : invalid_argument("weights come after open()");
}

val BoundGenerator::finish() {
  if (!loader_) return too_early("open()");
  Result<Generator> generator = loader_->finish();
  loader_.reset();
  if (!generator.ok()) return failure(generator.status());
  generator_ = std::move(generator).value();
  return settings();
}

val BoundGenerator::start(const Staging& staging, const val& lengths, const val& options) {
  if (!generator_) return too_early("a model");
  const Result<Lengths> sizes = lengths_of(lengths, staging.size());
  if (!sizes.ok()) return failure(sizes.status());
  std::vector<std::string_view> prompts;
  size_t begin = 0;
  for (const std::optional<size_t>& size : sizes.value()) prompts.push_back(staging.text(begin, size.value_or(0)));
  const Result<GenerationOptions> checked = options_of(options);
  if (!checked.ok()) return failure(checked.status());
  Result<Generation> generation = generator_->start(prompts, checked.value());
  if (!generation.ok()) return failure(generation.status());
  generation_ = std::move(generation).value();
  return val::object();
}

val BoundGenerator::next(double milliseconds) {
  if (!generation_) return too_early("a call");
  const double begin = steady_milliseconds();
  std::vector<Piece> pieces;
  do {
    Result<std::vector<Piece>> fresh = generation_->next();
    if (!fresh.ok()) return failure(fresh.status());
    pieces = std::move(fresh).value();
  } while (pieces.empty() && !generation_->done() && steady_milliseconds() - begin < milliseconds);
  val step = val::object();
  step.set("pieces", array_of(pieces, piece_object));
  step.set("done", generation_->done());
  return step;
}

val BoundGenerator::stats() const {
  return generation_ ? array_of(generation_->stats(), stats_object) : too_early("a call");
}

val BoundGenerator::calibrate(double outside) {
  if (!generator_) return too_early("a model");
  const Status status = generator_->calibrate(outside);
  return status.ok() ? calibration() : failure(status);
}

val BoundGenerator::restore_calibration(std::string_view json) {
  if (!generator_) return too_early("a model");
  const Status status = generator_->restore_calibration(json);
  return status.ok() ? calibration() : failure(status);
}

val BoundGenerator::calibration() const {
  const TimeModel& time = *generator_->time_model();
  const Cost cost = cost_of(generator_->facts(), generator_->profile().prompt);
  return calibration_of(time, generator_->max_tokens(),
                        [&](uint32_t tokens) { return time.milliseconds(tokens, whole_counts(cost, tokens)); });
}

val BoundGenerator::settings() const {
  const DecoderFacts& facts = generator_->facts();
  val settings = common_settings(generator_->profile(), generator_->max_tokens(), generator_->precision(), threads_);
  settings.set("vocab_size", facts.vocab_size);
  settings.set("hidden_size", facts.hidden_size);
  settings.set("num_hidden_layers", facts.num_layers);
  settings.set("num_attention_heads", facts.heads);
  settings.set("num_key_value_heads", facts.kv_heads);
  settings.set("intermediate_size", facts.intermediate_size);
  const Result<Encoding> nothing = generator_->tokenizer().encode("", {}, generator_->max_tokens());
  if (!nothing.ok()) return failure(nothing.status());
  settings.set("prompt_prefix", generator_->tokenizer().decode(nothing.value().ids, false));
  settings.set("prompt_mode", std::string(name_of(generator_->profile().prompt.mode)));
  return settings;
}

}  // namespace latformer
