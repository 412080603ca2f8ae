#include "core/tasks/generation.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "core/base/number_text.h"
#include "core/elimination/time/margin.h"
#include "core/models/decoders.h"
#include "core/tasks/generation/beam_text.h"
#include "core/tasks/generation/continuations.h"
#include "core/tasks/generation/stop_strings.h"
#include "core/tasks/rehearsal.h"

namespace latformer {
namespace {

std::vector<bool> sentence_ends(const Tokenizer& tokenizer, uint32_t vocab_size) {
  std::vector<bool> ends(vocab_size);
  for (size_t id = 0; id < std::min<size_t>(vocab_size, tokenizer.vocabulary_size()); ++id) {
    const auto token = static_cast<int32_t>(id);
    ends[id] = may_end_sentence(tokenizer.decode({&token, 1}, true));
  }
  return ends;
}

}  // namespace

struct Generator::State {
  std::unique_ptr<DecoderModel> model;
  Tokenizer tokenizer;
  PromptPlanner planner;
  std::vector<int32_t> end_tokens;
  Clock clock;
  Margin margin{1};  // above the planner's time model
  std::optional<Remembered> remembered{};
  bool busy = false;  // a generation has not ended

  void count_time(const TimeModel& time) {
    planner.set_time_model(time);
    margin = Margin(time.spread);
  }

  Status check_call(const GenerationOptions& options) const {
    LATFORMER_TRY(check(options));
    const double most = planner.profile().max_speedup;
    if (!(options.speedup >= 1 && options.speedup <= most)) {  // false for NaN
      return invalid_argument("speedup must be from 1 to " + short_text(most) + ", not " + short_text(options.speedup));
    }
    if (!options.budget) return {};
    if (!(*options.budget > 0 && std::isfinite(*options.budget))) {
      return invalid_argument("a latency budget must be finite and above 0 ms, not " + short_text(*options.budget));
    }
    return planner.time_model() ? Status{} : invalid_argument("a latency budget needs a calibrated model");
  }

  // A prompt's tokens as they can be read: within the positions.
  Result<std::vector<int32_t>> fit(std::span<const int32_t> prompt, ContextLimit limit) const {
    const uint32_t most = model->facts().max_positions;
    if (prompt.empty()) return invalid_argument("a prompt is empty: there is nothing to go on from");
    for (const int32_t id : prompt) {
      if (id >= 0 && static_cast<uint32_t>(id) < model->facts().vocab_size) continue;
      return invalid_argument("token " + std::to_string(id) + " is outside of the model's vocabulary of " +
                              std::to_string(model->facts().vocab_size));
    }
    if (prompt.size() > most && limit == ContextLimit::slide) prompt = prompt.last(std::max(1U, most / 2));
    if (prompt.size() > most) {
      return invalid_argument("a prompt has " + std::to_string(prompt.size()) + " tokens, but the model has only " +
                              std::to_string(most) + " positions");
    }
    return std::vector<int32_t>(prompt.begin(), prompt.end());
  }

  PromptPlan plan(std::span<const int32_t> prompt, const GenerationOptions& options) {
    std::optional<double> budget = options.budget;
    if (budget) *budget = std::max(0.0, (*budget - planner.time_model()->outside)) / margin.factor();
    return planner.plan(prompt, options.speedup, budget, options.mode.value_or(planner.profile().prompt.mode));
  }
};

struct Generation::State {
  // A text beside its tokens.
  struct Text {
    Decoder decoder;
    StopStrings stops;
  };

  Generator::State* generator;
  GenerationOptions options;
  Continuations texts;
  std::deque<BeamText> beams;  // instead of texts, where there is more than one beam
  std::vector<Text> words;
  std::vector<GenerationStats> stats;
  std::vector<std::optional<double>> predicted;  // of each prompt
  double began = 0;
  double behind_milliseconds = 0;  // of tokens that are not the first of their text
  uint64_t behind_tokens = 0;
  bool failed = false;

  State(Generator::State& owner, const GenerationOptions& how)
      : generator(&owner),
        options(how),
        texts(*owner.model, owner.planner.profile().prompt, how, owner.end_tokens),
        began(owner.clock()) {
    owner.busy = true;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    generator->busy = false;
    if (!failed && beams.empty()) generator->remembered = texts.remember();
  }

  bool done() const { return failed || (beams.empty() ? texts.done() : std::ranges::all_of(beams, &BeamText::done)); }

  Status add(const std::vector<int32_t>& prompt) {
    PromptPlan plan = generator->plan(prompt, options);
    GenerationStats one{.prompt_tokens = static_cast<uint32_t>(prompt.size()),
                        .requested_speedup = options.speedup,
                        .achieved_speedup = plan.achieved,
                        .macs = plan.macs};
    predicted.push_back(plan.milliseconds);
    words.push_back({Decoder(generator->tokenizer, true), StopStrings(options.stop)});
    const size_t index = stats.size();
    if (options.beams.num_beams > 1) {
      const auto stops = [this](std::span<const int32_t> tokens) { return holds_stop(tokens); };
      beams.emplace_back(*generator->model, generator->planner.profile().prompt, options, generator->end_tokens, prompt,
                         std::move(plan), options.stop.empty() ? BeamText::Stops() : stops);
    } else {
      LATFORMER_TRY(texts.add(prompt, std::move(plan), std::exchange(generator->remembered, {})));
      one.reused_tokens = texts.reused(index);
    }
    stats.push_back(std::move(one));
    return {};
  }

  bool holds_stop(std::span<const int32_t> tokens) const {
    const std::string text = generator->tokenizer.decode(tokens, true);
    return std::ranges::any_of(options.stop, [&](const std::string& stop) { return text.find(stop) != text.npos; });
  }

  Result<std::vector<Piece>> next() {
    const double begin = generator->clock();
    const bool behind = std::ranges::all_of(stats, [](const GenerationStats& one) { return one.new_tokens > 0; });
    std::vector<Piece> pieces;
    if (beams.empty()) {
      LATFORMER_ASSIGN(const std::vector<NewToken> tokens, texts.step());
      for (const NewToken& token : tokens) pieces.push_back(piece_of(token));
    } else {
      LATFORMER_ASSIGN(pieces, step_beams());
    }
    const double end = generator->clock();
    for (const Piece& piece : pieces) {
      GenerationStats& one = stats[piece.prompt];
      if (one.new_tokens == 0) {
        one.first_milliseconds = end - began;
        note_reading(piece.prompt);
      } else {
        ++behind_tokens;
      }
      one.new_tokens += static_cast<uint32_t>(piece.tokens.size());
      one.cache_bytes = beams.empty() ? texts.cache_bytes(piece.prompt) : beams[piece.prompt].cache_bytes();
    }
    if (behind) behind_milliseconds += end - begin;
    for (GenerationStats& one : stats) {
      one.tokens_per_second = behind_tokens > 0 ? 1000.0 * static_cast<double>(behind_tokens) / behind_milliseconds : 0;
    }
    return pieces;
  }

  // The prompt was read.
  void note_reading(size_t index) {
    GenerationStats& one = stats[index];
    one.tokens_per_layer = beams.empty() ? texts.rows_of_prompt(index) : beams[index].rows_of_prompt();
    one.kept_positions = beams.empty() ? texts.kept_positions(index) : beams[index].kept_positions();
    if (stats.size() > 1 || !beams.empty() || one.reused_tokens > 0 || !predicted[index]) return;
    generator->margin.observe(one.first_milliseconds / *predicted[index]);
  }

  Piece piece_of(const NewToken& token) {
    Text& text = words[token.text];
    Piece piece{.prompt = token.text, .text = {}, .tokens = {token.token}, .finish = token.finish};
    const bool is_end = token.finish == Finish::end;
    std::string fresh = is_end ? std::string() : text.decoder.append(token.token);
    if (token.finish) fresh += text.decoder.finish();
    piece.text = text.stops.append(fresh);
    if (text.stops.stopped()) {
      piece.finish = Finish::stop;
      texts.end(token.text);
    } else if (piece.finish) {
      piece.text += text.stops.finish();
    }
    return piece;
  }

  Result<std::vector<Piece>> step_beams() {
    const auto beam = std::ranges::find_if(beams, [](const BeamText& text) { return !text.done(); });
    if (beam == beams.end()) return std::vector<Piece>{};
    LATFORMER_TRY(beam->step());
    if (!beam->done()) return std::vector<Piece>{};
    const auto index = static_cast<size_t>(beam - beams.begin());
    Piece whole{.prompt = index, .text = {}, .tokens = beam->tokens(), .finish = {}};
    const bool ended = std::ranges::find(generator->end_tokens, whole.tokens.back()) != generator->end_tokens.end();
    std::span<const int32_t> shown = whole.tokens;
    if (ended && !options.ignore_end) shown = shown.first(shown.size() - 1);
    StopStrings& stops = words[index].stops;
    whole.text = stops.append(generator->tokenizer.decode(shown, true));
    whole.text += stops.finish();
    whole.finish = stops.stopped() ? Finish::stop : ended && !options.ignore_end ? Finish::end : Finish::length;
    std::vector<Piece> pieces;
    pieces.push_back(std::move(whole));
    return pieces;
  }
};

Result<std::vector<Piece>> Generation::next() {
  if (state_->done()) return std::vector<Piece>{};
  state_->failed = true;  // should the standard library throw
  Result<std::vector<Piece>> pieces = state_->next();
  state_->failed = !pieces.ok();
  return pieces;
}
bool Generation::done() const { return state_->done(); }
const std::vector<GenerationStats>& Generation::stats() const { return state_->stats; }

Generation::Generation(std::unique_ptr<State> state) : state_(std::move(state)) {}
Generation::Generation(Generation&&) noexcept = default;
Generation& Generation::operator=(Generation&&) noexcept = default;
Generation::~Generation() = default;

Result<Generation> Generator::start(std::span<const std::string_view> prompts, const GenerationOptions& options) {
  std::vector<std::vector<int32_t>> tokens;
  for (const std::string_view prompt : prompts) {
    constexpr size_t kNoLimit = size_t{1} << 31;
    LATFORMER_ASSIGN(Encoding encoding, state_->tokenizer.encode(prompt, {}, kNoLimit));
    tokens.push_back(std::move(encoding.ids));
  }
  return start_tokens(tokens, options);
}

Result<Generation> Generator::start_tokens(std::span<const std::vector<int32_t>> prompts,
                                           const GenerationOptions& options) {
  State& state = *state_;
  LATFORMER_TRY(state.check_call(options));
  if (state.busy) return invalid_argument("another text is still being generated with this model; end it first");
  if (prompts.empty()) return invalid_argument("there is no prompt");
  std::vector<std::vector<int32_t>> fitting;
  for (const std::vector<int32_t>& prompt : prompts) {
    LATFORMER_ASSIGN(std::vector<int32_t> tokens, state.fit(prompt, options.context_limit));
    fitting.push_back(std::move(tokens));
  }
  auto generation = std::make_unique<Generation::State>(state, options);
  for (const std::vector<int32_t>& prompt : fitting) LATFORMER_TRY(generation->add(prompt));
  return Generation(std::move(generation));
}

Status Generator::calibrate(double outside, double milliseconds) {
  State& state = *state_;
  if (state.busy) return invalid_argument("another text is still being generated with this model; end it first");
  const CalibrationPlan plan{.cost = state.planner.cost(),
                             .max_tokens = max_tokens(),
                             .n_min = state.planner.cost().n_min(profile().dropped),
                             .outside = outside,
                             .milliseconds = milliseconds};
  const auto layer = [&](const Workload& work, size_t index) {
    return state.model->rehearse(work, index, profile().prompt);
  };
  LATFORMER_ASSIGN(const TimeModel time, rehearse(plan, state.tokenizer, layer, state.clock));
  state.count_time(time);
  return {};
}

Status Generator::restore_calibration(std::string_view json) {
  LATFORMER_ASSIGN(const TimeModel time, parse_time_model(json));
  state_->count_time(time);
  return {};
}

const std::optional<TimeModel>& Generator::time_model() const { return state_->planner.time_model(); }
const DecoderFacts& Generator::facts() const { return state_->model->facts(); }
const Profile& Generator::profile() const { return state_->planner.profile(); }
const Tokenizer& Generator::tokenizer() const { return state_->tokenizer; }
const std::vector<int32_t>& Generator::end_tokens() const { return state_->end_tokens; }
double Generator::max_speedup() const { return profile().max_speedup; }
Precision Generator::precision() const { return state_->model->precision(); }
uint32_t Generator::max_tokens() const { return facts().max_positions; }
void Generator::forget() { state_->remembered.reset(); }

Generator::Generator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Generator::Generator(Generator&&) noexcept = default;
Generator& Generator::operator=(Generator&&) noexcept = default;
Generator::~Generator() = default;

struct GeneratorLoader::State {
  std::unique_ptr<DecoderLoader> weights;
  Profile profile;
  Tokenizer tokenizer;
  std::vector<int32_t> end_tokens;
  Threads threads;
  Clock clock;
};

Result<GeneratorLoader> GeneratorLoader::create(const ModelFiles& files, const LoadOptions& options) {
  if (files.config_json.empty()) return bad_model("config.json is missing");
  LATFORMER_ASSIGN(std::unique_ptr<DecoderLoader> weights, open_decoder(files.config_json, options.precision));
  const DecoderFacts& facts = weights->facts();
  LATFORMER_ASSIGN(Profile profile, files.profile_json.empty()
                                        ? Result<Profile>(default_decoder_profile(facts.num_layers))
                                        : parse_decoder_profile(files.profile_json, facts.num_layers));
  LATFORMER_ASSIGN(Tokenizer tokenizer, open_tokenizer(files, facts.vocab_size));
  LATFORMER_ASSIGN(std::vector<int32_t> end_tokens,
                   parse_end_tokens(files.config_json, files.generation_config_json, facts.vocab_size));
  LATFORMER_ASSIGN(Threads threads, Threads::create(options.threads));
  LATFORMER_TRY(weights->reader().share(options.share));
  return GeneratorLoader(std::make_unique<State>(std::move(weights), std::move(profile), std::move(tokenizer),
                                                 std::move(end_tokens), std::move(threads), options.clock));
}

Status GeneratorLoader::append(std::span<const std::byte> bytes) {
  return state_ ? state_->weights->append(bytes) : already_loaded();
}

Result<Generator> GeneratorLoader::finish() {
  if (!state_) return already_loaded();
  const std::unique_ptr<State> state = std::move(state_);
  LATFORMER_ASSIGN(std::unique_ptr<DecoderModel> model, state->weights->finish(std::move(state->threads)));
  const DecoderFacts& facts = model->facts();
  const DecoderModel* embeddings = model.get();
  SentenceFinder sentences(
      facts.hidden_size, [embeddings](int32_t id, float* y) { embeddings->embedding(id, y); },
      sentence_ends(state->tokenizer, facts.vocab_size));
  PromptPlanner planner(facts, state->profile, std::move(sentences));
  return Generator(std::make_unique<Generator::State>(std::move(model), std::move(state->tokenizer), std::move(planner),
                                                      std::move(state->end_tokens), std::move(state->clock)));
}

GeneratorLoader::GeneratorLoader(std::unique_ptr<State> state) : state_(std::move(state)) {}
GeneratorLoader::GeneratorLoader(GeneratorLoader&&) noexcept = default;
GeneratorLoader& GeneratorLoader::operator=(GeneratorLoader&&) noexcept = default;
GeneratorLoader::~GeneratorLoader() = default;

}  // namespace latformer
