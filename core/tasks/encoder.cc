#include "core/tasks/encoder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "core/base/number_text.h"
#include "core/elimination/time/margin.h"
#include "core/tasks/rehearsal.h"

namespace latformer {
namespace {

constexpr size_t kMaxRows = 2048;     // word-vectors that run at once: enough to keep the kernels busy
constexpr size_t kWindowStride = 64;  // tokens that neighbouring windows of a long text share

Status check_speedup(double speedup, double max_speedup) {
  if (speedup >= 1 && speedup <= max_speedup) return {};  // false for NaN
  return invalid_argument("speedup must be from 1 to " + short_text(max_speedup) + ", not " + short_text(speedup));
}

Status check_budget(double budget, bool is_calibrated) {
  if (!(budget > 0 && std::isfinite(budget))) {
    return invalid_argument("a latency budget must be finite and above 0 ms, not " + short_text(budget));
  }
  if (!is_calibrated) return invalid_argument("a latency budget needs a calibrated model");
  return {};
}

}  // namespace

struct Encoder::State {
  EncoderConfig config;
  Tokenizer tokenizer;
  Scheduler scheduler;
  std::unique_ptr<EncoderModel> model;
  Clock clock;
  uint32_t max_tokens = 0;
  Margin margin{1};  // above the scheduler's time model

  void count_time(const TimeModel& model) {
    scheduler.set_time_model(model);
    margin = Margin(model.spread);
  }

  // How windows that have a budget in common are to run: those of one text, or of a whole call.
  std::vector<Schedule> solve(std::span<const Trace> windows, const RunOptions& options) {
    std::vector<uint32_t> lengths;
    lengths.reserve(windows.size());
    for (const Trace& window : windows) lengths.push_back(static_cast<uint32_t>(window.encoding.ids.size()));
    if (options.budget) {
      return scheduler.solve_within(lengths, *options.budget / margin.factor() + counted_again(windows.size()));
    }
    std::vector<Schedule> schedules;
    schedules.reserve(windows.size());
    for (const uint32_t tokens : lengths) schedules.push_back(scheduler.solve(tokens, options.speedup));
    return schedules;
  }

  // What nearly all calls with these windows stay below.
  std::optional<double> predict(const std::vector<Schedule>& schedules) const {
    if (!scheduler.time_model()) return {};
    double sum = -counted_again(schedules.size());
    for (const Schedule& schedule : schedules) sum += *schedule.milliseconds;
    return sum * margin.factor();
  }

  // Each window's time has what passes outside of a call in it, which happens once.
  double counted_again(size_t windows) const {
    return windows == 0 ? 0 : scheduler.time_model()->outside * static_cast<double>(windows - 1);
  }

  // A call with one text, or one budget, ended: what it took, beside what its schedules say.
  void learn(const Encoded& answer, double measured, const RunOptions& options) {
    if (!answer.predicted_milliseconds) return;
    // A text so short that it is far inside its budget says little about those that touch theirs.
    if (options.budget && *answer.predicted_milliseconds < *options.budget / 2) return;
    const double predicted = *answer.predicted_milliseconds / margin.factor();
    margin.observe((measured + scheduler.time_model()->outside) / predicted);
  }

  Result<std::vector<Encoding>> encode(const TextInput& input, const RunOptions& options) const {
    const size_t most = max_tokens;
    if (options.pair_windows && input.text_pair) {
      const auto& [tokens, stride] = *options.pair_windows;
      return tokenizer.encode_windows(input.text, input.text_pair, std::min(most, tokens), stride);
    }
    if (options.long_text == LongText::windows) {
      if (input.text_pair) return invalid_argument("a text pair cannot be cut into windows; truncate it");
      return tokenizer.encode_windows(input.text, most, std::min(kWindowStride, most / 4));
    }
    LATFORMER_ASSIGN(Encoding encoding, tokenizer.encode(input.text, input.text_pair, most));
    std::vector<Encoding> windows;
    windows.push_back(std::move(encoding));
    return windows;
  }
};

namespace {

// Windows of several texts that are to run together.
struct Batch {
  std::vector<Trace> windows;
  std::vector<size_t> owners;  // the text that each window belongs to
  size_t rows = 0;
};

}  // namespace

struct EncoderCall::State {
  Encoder::State* encoder;
  std::vector<TextInput> inputs;
  RunOptions options;
  std::vector<Encoded> answers;

  size_t next_input = 0;         // the one to tokenize next
  std::vector<Trace> waiting{};  // windows of those before it, from next_window on, which no batch had room for yet
  std::vector<size_t> owners{};  // the text that each of them belongs to
  size_t next_window = 0;
  size_t scheduled = 0;  // of them, those that can run
  Batch batch{};
  bool running = false;  // the batch, in the model
  double milliseconds = 0;

  bool done() const {
    return next_input == inputs.size() && next_window == waiting.size() && batch.windows.empty() && !running;
  }

  // One thing more: the tokens of a text, a layer of a batch, or its end.
  Status step() {
    if (running) return encoder->model->done() ? collect() : encoder->model->step();
    if (!put_into_batch()) return run_batch();
    if (next_input < inputs.size()) return tokenize();
    return run_batch();
  }

  Status tokenize() {
    if (next_window == waiting.size()) {
      waiting.clear();
      owners.clear();
      next_window = scheduled = 0;
    }
    LATFORMER_ASSIGN(std::vector<Encoding> windows, encoder->encode(inputs[next_input], options));
    for (Encoding& window : windows) {
      // Of a tokenizer that puts no token of its own around a text. There is nothing to schedule, and nothing to
      // compute.
      if (window.ids.empty()) return invalid_argument("a text without tokens");
      waiting.emplace_back().encoding = std::move(window);
      owners.push_back(next_input);
    }
    ++next_input;
    if (shares_budget() && next_input < inputs.size()) return {};  // what all need is not known yet
    schedule();
    put_into_batch();
    return {};
  }

  bool shares_budget() const { return options.budget && options.shared_budget; }

  void schedule() {
    std::vector<Schedule> schedules = encoder->solve(std::span(waiting).subspan(scheduled), options);
    const std::optional<double> predicted = encoder->predict(schedules);
    for (Schedule& each : schedules) {
      answers[owners[scheduled]].predicted_milliseconds = predicted;
      waiting[scheduled++].schedule = std::move(each);
    }
  }

  // The windows that wait, as far as there is room. Whether there was for all.
  bool put_into_batch() {
    for (; next_window < scheduled; ++next_window) {
      const size_t tokens = waiting[next_window].encoding.ids.size();
      if (batch.rows > 0 && batch.rows + tokens > kMaxRows) return false;
      batch.windows.push_back(std::move(waiting[next_window]));
      batch.owners.push_back(owners[next_window]);
      batch.rows += tokens;
    }
    return true;
  }

  Status run_batch() {
    std::vector<EncoderInput> texts;
    texts.reserve(batch.windows.size());
    for (const Trace& window : batch.windows) {
      texts.push_back(
          {.ids = window.encoding.ids, .type_ids = window.encoding.type_ids, .counts = window.schedule.counts});
    }
    LATFORMER_TRY(encoder->model->start(texts, encoder->scheduler.profile().dropped));
    running = true;
    return {};
  }

  // Gives each window to its text, and empties the batch.
  Status collect() {
    running = false;
    LATFORMER_ASSIGN(std::vector<EncoderOutput> outputs, encoder->model->finish());
    for (size_t i = 0; i < outputs.size(); ++i) {
      batch.windows[i].kept_positions = std::move(outputs[i].kept_positions);
      batch.windows[i].tokens_per_layer = std::move(outputs[i].tokens_per_layer);
      if (!std::ranges::all_of(outputs[i].result, [](float value) { return std::isfinite(value); })) {
        return bad_model("model.safetensors: its weights give a text a result that is not finite");
      }
      Encoded& answer = answers[batch.owners[i]];
      answer.results.push_back(std::move(outputs[i].result));
      answer.windows.push_back(std::move(batch.windows[i]));
    }
    batch = {};
    return {};
  }
};

Status EncoderCall::work(double milliseconds) {
  State& state = *state_;
  const Clock& clock = state.encoder->clock;
  const double begin = clock();
  const bool to_the_end = !std::isfinite(milliseconds);
  while (!state.done()) {
    LATFORMER_TRY(state.step());
    if (!to_the_end && clock() - begin >= milliseconds) break;
  }
  state.milliseconds += clock() - begin;
  if (state.done() && (state.answers.size() == 1 || (state.shares_budget() && !state.answers.empty()))) {
    state.encoder->learn(state.answers.front(), state.milliseconds, state.options);
  }
  return {};
}

bool EncoderCall::done() const { return state_->done(); }
std::vector<Encoded> EncoderCall::take() { return std::move(state_->answers); }

EncoderCall::EncoderCall(std::unique_ptr<State> state) : state_(std::move(state)) {}
EncoderCall::EncoderCall(EncoderCall&&) noexcept = default;
EncoderCall& EncoderCall::operator=(EncoderCall&&) noexcept = default;
EncoderCall::~EncoderCall() = default;

Result<EncoderCall> Encoder::start(std::span<const TextInput> inputs, const RunOptions& options) {
  LATFORMER_TRY(check_speedup(options.speedup, max_speedup()));
  if (options.budget) LATFORMER_TRY(check_budget(*options.budget, time_model().has_value()));
  return EncoderCall(std::make_unique<EncoderCall::State>(state_.get(), std::vector(inputs.begin(), inputs.end()),
                                                          options, std::vector<Encoded>(inputs.size())));
}

Result<std::vector<Encoded>> Encoder::encode(std::span<const TextInput> inputs, const RunOptions& options) {
  LATFORMER_ASSIGN(EncoderCall call, start(inputs, options));
  LATFORMER_TRY(call.work(std::numeric_limits<double>::infinity()));
  return call.take();
}

Status Encoder::calibrate(double outside, double milliseconds) {
  State& state = *state_;
  const CalibrationPlan plan{.cost = state.scheduler.cost(),
                             .max_tokens = max_tokens(),
                             .n_min = state.scheduler.cost().n_min(profile().dropped),
                             .outside = outside,
                             .milliseconds = milliseconds};
  const auto layer = [&](const Workload& work, size_t index) {
    return state.model->rehearse(work, index, profile().dropped);
  };
  LATFORMER_ASSIGN(const TimeModel model, rehearse(plan, state.tokenizer, layer, state.clock));
  state.count_time(model);
  return {};
}

Status Encoder::restore_calibration(std::string_view json) {
  LATFORMER_ASSIGN(const TimeModel model, parse_time_model(json));
  state_->count_time(model);
  return {};
}

const std::optional<TimeModel>& Encoder::time_model() const { return state_->scheduler.time_model(); }

double Encoder::milliseconds_in_full(uint32_t tokens) const {
  return time_model()->milliseconds(tokens, counts_for(state_->scheduler.cost(), profile(), tokens, 0));
}

const EncoderConfig& Encoder::config() const { return state_->config; }
const Cost& Encoder::cost() const { return state_->scheduler.cost(); }
const Profile& Encoder::profile() const { return state_->scheduler.profile(); }
const Tokenizer& Encoder::tokenizer() const { return state_->tokenizer; }
double Encoder::max_speedup() const { return profile().max_speedup; }
Precision Encoder::precision() const { return state_->model->precision(); }
uint32_t Encoder::max_tokens() const { return state_->max_tokens; }

Encoder::Encoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

struct EncoderLoader::State {
  std::unique_ptr<EncoderModelLoader> weights;
  Profile profile;
  Tokenizer tokenizer;
  Threads threads;
  Clock clock;
};

Result<EncoderLoader> EncoderLoader::create(const ModelFiles& files, const OpenModel& open_model,
                                            const LoadOptions& options) {
  if (files.config_json.empty()) return bad_model("config.json is missing");
  LATFORMER_ASSIGN(std::unique_ptr<EncoderModelLoader> weights, open_model(files, options.precision));
  LATFORMER_ASSIGN(Profile profile, weights->profile(files.profile_json));
  LATFORMER_ASSIGN(Tokenizer tokenizer, open_tokenizer(files, weights->config().vocab_size));
  LATFORMER_ASSIGN(Threads threads, Threads::create(options.threads));
  LATFORMER_TRY(weights->reader().share(options.share));
  return EncoderLoader(std::make_unique<State>(std::move(weights), std::move(profile), std::move(tokenizer),
                                               std::move(threads), options.clock));
}

Status EncoderLoader::append(std::span<const std::byte> bytes) {
  return state_ ? state_->weights->append(bytes) : already_loaded();
}

Result<Encoder> EncoderLoader::finish() {
  if (!state_) return already_loaded();
  const std::unique_ptr<State> state = std::move(state_);
  EncoderModelLoader& weights = *state->weights;
  EncoderConfig config = weights.config();
  const size_t most = weights.max_tokens() ? *weights.max_tokens() : state->tokenizer.max_tokens();
  const auto max_tokens = static_cast<uint32_t>(std::min<size_t>(config.max_position_embeddings, most));
  LATFORMER_ASSIGN(std::unique_ptr<EncoderModel> model, weights.finish(std::move(state->threads), state->profile));
  const Cost cost = weights.cost(state->profile);
  return Encoder(std::make_unique<Encoder::State>(std::move(config), std::move(state->tokenizer),
                                                  Scheduler(cost, std::move(state->profile)), std::move(model),
                                                  std::move(state->clock), max_tokens));
}

EncoderLoader::EncoderLoader(std::unique_ptr<State> state) : state_(std::move(state)) {}
EncoderLoader::EncoderLoader(EncoderLoader&&) noexcept = default;
EncoderLoader& EncoderLoader::operator=(EncoderLoader&&) noexcept = default;
EncoderLoader::~EncoderLoader() = default;

}  // namespace latformer
