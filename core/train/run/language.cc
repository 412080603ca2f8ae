#include "core/train/run/language.h"

#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <utility>

#include "core/elimination/prompt.h"
#include "core/elimination/schedule.h"
#include "core/files/files.h"
#include "core/format/json.h"
#include "core/train/data/random.h"
#include "core/train/data/windows.h"
#include "core/train/modules/compute_type.h"
#include "core/train/modules/decoder_folder.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/torch.h"
#include "core/train/run/checkpoint.h"
#include "core/train/run/learning_rate.h"
#include "core/train/run/trainer.h"

namespace latformer::train {
namespace {

using SteadyClock = std::chrono::steady_clock;

template <class... Values>
std::string line_of(const char* pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

// A question about a text, and the tokens of its answer behind it.
struct RecallItem {
  TokenText text;
  uint32_t prompt = 0;
};

Result<std::vector<RecallItem>> read_recall(const std::filesystem::path& path, const Tokenizer& tokenizer,
                                            uint32_t positions) {
  LATFORMER_ASSIGN(const std::string file, read_file(path));
  std::vector<RecallItem> items;
  for (std::string_view rest = file; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty()) continue;
    LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(path.string(), line));
    const JsonValue root = document.root();
    LATFORMER_ASSIGN(const std::string_view prompt, root["prompt"].string());
    LATFORMER_ASSIGN(const JsonArray answers, root["answers"].array());
    LATFORMER_ASSIGN(const int64_t right, root["right"].integer(0, static_cast<int64_t>(answers.size()) - 1));
    LATFORMER_ASSIGN(Encoding question, tokenizer.encode(prompt, {}, size_t{1} << 31));
    RecallItem item;
    item.prompt = static_cast<uint32_t>(question.ids.size());
    item.text.ids = std::move(question.ids);
    int64_t index = 0;
    for (const JsonValue answer : answers) {
      if (index++ != right) continue;
      LATFORMER_ASSIGN(const std::string_view words, answer.string());
      LATFORMER_ASSIGN(const Encoding behind, tokenizer.encode(words, {}, size_t{1} << 31));
      item.text.ids.insert(item.text.ids.end(), behind.ids.begin(), behind.ids.end());
    }
    if (item.text.ids.size() > positions) continue;
    items.push_back(std::move(item));
  }
  if (items.empty()) return invalid_argument(path.string() + ": holds no items that the model has positions for");
  return items;
}

Profile profile_of(const LanguageOptions& options, uint32_t layers) {
  Profile profile = default_decoder_profile(layers);
  profile.prompt = options.elimination;
  profile.is_default = false;
  profile.retention = one_drop(layers, options.layer, 0.5);
  for (uint32_t l = options.layer; options.progressive && l < layers; ++l) {
    profile.retention[l] = std::pow(0.5, static_cast<double>(l - options.layer + 1) / (layers - options.layer));
  }
  profile.max_speedup = std::max(1.0, options.max_speedup);
  return profile;
}

// -log p of the tokens behind each row, a mean.
torch::Tensor token_loss(const torch::Tensor& logits, const torch::Tensor& targets) {
  return torch::nll_loss(logits.log_softmax(1), targets);
}

class Language {
 public:
  Language(const LanguageOptions& options, std::unique_ptr<DecoderModule> module)
      : options_(options),
        module_(std::move(module)),
        scheduler_(module_->config().cost, profile_of(options, module_->facts().num_layers)) {}

  DecoderModule& module() { return *module_; }
  const Profile& profile() const { return scheduler_.profile(); }
  bool eliminates() const { return options_.max_speedup > 1; }

  struct Step {
    double loss = 0, distillation = 0, attention = 0, speedup = 1;
  };

  // What the texts of one step teach: gradients are added to. Texts of one prompt length and one length.
  Step learn(std::span<const TokenText* const> texts, uint32_t prompt, bool answers_alone, double speedup,
             uint64_t seed, double weight) {
    Step step{.speedup = speedup};
    const auto n = static_cast<uint32_t>(texts.front()->ids.size());
    const std::vector<std::vector<uint32_t>> whole(texts.size(), counts(prompt, 1));
    const bool learns_all = !options_.scorers_alone;
    const bool attends = eliminates() && options_.scorers;
    ForwardOptions how{.dropout = options_.dropout, .dropout_seed = seed, .attribution = attends, .prompt = prompt};
    how.first_logits = answers_alone ? prompt - 1 : 0;
    torch::Tensor teacher;  // log p of the rows from the prompt's last one on
    {
      const torch::AutoGradMode gradients(learns_all || attends);
      ForwardOutput full = module_->forward(texts, whole, how);
      const torch::Tensor logits = full.logits.view({static_cast<int64_t>(texts.size()), -1, full.logits.size(1)});
      const int64_t rows = logits.size(1) - 1;  // the last one has nothing behind it
      const torch::Tensor targets = targets_of(texts, how.first_logits + 1);
      const torch::Tensor loss = token_loss(logits.narrow(1, 0, rows).flatten(0, 1), targets);
      step.loss = loss.item<double>();
      const int64_t first = static_cast<int64_t>(prompt - 1) - how.first_logits;
      if (eliminates()) teacher = logits.narrow(1, first, rows - first).flatten(0, 1).detach().log_softmax(1);
      torch::Tensor sum = learns_all ? loss : loss.detach() * 0;
      if (attends) {
        const torch::Tensor attention = attention_loss(full.scores, full.attention);
        step.attention = attention.item<double>();
        sum = sum + attention;
      }
      if (sum.requires_grad()) (sum * weight).backward();
    }
    if (!eliminates() || !learns_all || speedup <= 1) return step;
    const std::vector<std::vector<uint32_t>> fewer(texts.size(), counts(prompt, speedup));
    how.attribution = false;
    how.first_logits = prompt - 1;
    how.dropout_seed = seed + 1;
    const ForwardOutput pruned = module_->forward(texts, fewer, how);
    const torch::Tensor logits = pruned.logits.view({static_cast<int64_t>(texts.size()), -1, pruned.logits.size(1)});
    const torch::Tensor guess = logits.narrow(1, 0, n - prompt).flatten(0, 1).log_softmax(1);
    torch::Tensor loss = (teacher.exp() * (teacher - guess)).sum({1}).mean();
    step.distillation = loss.item<double>();
    if (answers_alone) loss = loss + torch::nll_loss(guess, targets_of(texts, prompt));
    (loss * weight).backward();
    return step;
  }

  // -log p of the tokens behind the prompt (0: of all but the first), a mean over windows.
  double loss_at(const Windows& windows, uint32_t prompt, double speedup) {
    const torch::NoGradGuard no_gradients;
    const uint32_t first = std::max(1U, prompt);
    double sum = 0;
    for (uint32_t i = 0; i < options_.evaluate_windows; ++i) {
      TokenText text;
      text.ids = windows.spread(i, options_.evaluate_windows);
      const TokenText* pointer = &text;
      const std::vector<uint32_t> of = counts(prompt > 0 ? prompt : windows.length(), speedup);
      ForwardOptions how{.prompt = prompt};
      how.first_logits = first - 1;
      const ForwardOutput output = module_->forward({&pointer, 1}, {&of, 1}, how);
      const torch::Tensor logits = output.logits.narrow(0, 0, output.logits.size(0) - 1);
      sum += token_loss(logits, targets_of({&pointer, 1}, first)).item<double>();
    }
    return sum / options_.evaluate_windows;
  }

 private:
  std::vector<uint32_t> counts(uint32_t prompt, double speedup) { return scheduler_.solve(prompt, speedup).counts; }

  // The tokens from `first` on of all texts, one behind the other.
  torch::Tensor targets_of(std::span<const TokenText* const> texts, uint32_t first) const {
    std::vector<int64_t> targets;
    for (const TokenText* text : texts) targets.insert(targets.end(), text->ids.begin() + first, text->ids.end());
    return torch::tensor(targets, torch::kLong).to(module_->device());
  }

  const LanguageOptions& options_;
  std::unique_ptr<DecoderModule> module_;
  Scheduler scheduler_;
};

// All that bears on the result.
Settings settings_of(const LanguageOptions& o, const Windows& data, const Language& language) {
  Settings settings;
  settings.add("steps", o.steps);
  settings.add("batch", o.batch);
  settings.add("length", o.length);
  settings.add("learning rate", o.learning_rate, o.warm_up, o.weight_decay, o.clip, o.dropout);
  settings.add("recall", o.recall ? o.recall_share : 0);
  settings.add("profile", compact(decoder_profile_json(language.profile())));
  settings.add("prompt share", o.prompt_share);
  settings.add("scorers", o.scorers, o.scorers_alone);
  settings.add("seed", o.seed);
  settings.add("tokens", data.tokens());
  return settings;
}

Status evaluate(Language& language, const Windows& valid, const LanguageOptions& options, uint64_t step,
                const std::function<void(const std::string&)>& say, std::FILE* log) {
  const double whole = language.loss_at(valid, 0, 1);
  std::string line = line_of("step %llu: perplexity %.3f", static_cast<unsigned long long>(step), std::exp(whole));
  std::string json =
      line_of("{\"step\": %llu, \"perplexity\": %.6g", static_cast<unsigned long long>(step), std::exp(whole));
  if (language.eliminates()) {
    const auto prompt = static_cast<uint32_t>(options.prompt_share * valid.length());
    const double behind = language.loss_at(valid, prompt, 1);
    line += line_of(", behind prompts of %u %.3f", prompt, std::exp(behind));
    for (const double speedup : {2.0, 3.0, 3.72, 5.0}) {
      if (speedup > options.max_speedup) continue;
      const double ratio = std::exp(language.loss_at(valid, prompt, speedup) - behind);
      line += line_of(", at %gx %.3f times", speedup, ratio);
      json += line_of(", \"ratio_at_%g\": %.6g", speedup, ratio);
    }
  }
  say(line);
  if (std::fprintf(log, "%s}\n", json.c_str()) < 0 || std::fflush(log) != 0) {
    return invalid_argument("the log cannot be written");
  }
  return {};
}

Status check(const LanguageOptions& options, const DecoderFacts& facts) {
  if (options.length > facts.max_positions) {
    return invalid_argument("--length is " + std::to_string(options.length) + ", but the model has " +
                            std::to_string(facts.max_positions) + " positions");
  }
  if (options.layer + 1 >= facts.num_layers && options.max_speedup > 1) {
    return invalid_argument("--layer is " + std::to_string(options.layer) + ", but the model drops in layers 0 to " +
                            std::to_string(facts.num_layers - 2));
  }
  if (options.elimination.score == PromptScore::random) return invalid_argument("--score random teaches nothing");
  return {};
}

Status run_language(const LanguageOptions& o, const std::function<void(const std::string&)>& say,
                    const volatile bool& stop) {
  LATFORMER_ASSIGN(const DecoderFolder folder, DecoderFolder::open(o.model));
  const DecoderFacts facts = facts_of(folder.config);
  LATFORMER_TRY(check(o, facts));
  LATFORMER_TRY(StagedFolder::create(o.target, o.force).status());
  LATFORMER_ASSIGN(Windows data, Windows::read(o.data, folder.tokenizer, o.length));
  LATFORMER_ASSIGN(const Windows valid, Windows::read(o.valid, folder.tokenizer, o.length));
  std::vector<RecallItem> items;
  if (o.recall) {
    LATFORMER_ASSIGN(items, read_recall(*o.recall, folder.tokenizer, facts.max_positions));
  }
  LATFORMER_ASSIGN(auto weights, folder.weights(o.seed, o.scorers));
  LATFORMER_ASSIGN(std::unique_ptr<DecoderModule> made,
                   DecoderModule::create(folder.config, o.elimination, std::move(weights)));
  Language language(o, std::move(made));
  DecoderModule& module = language.module();
  module.compute_in(o.bf16.has_value() ? (*o.bf16 ? torch::kBFloat16 : torch::kFloat)
                                       : faster_compute_type(module.device()));
  for (auto& [name, weight] : module.weights()) {
    if (o.scorers_alone && !is_scorer(name)) weight.set_requires_grad(false);
  }
  TrainOptions optimizing;
  optimizing.weight_decay = o.weight_decay;
  torch::optim::AdamW optimizer = make_optimizer(module, optimizing);

  std::error_code error;
  std::filesystem::create_directories(o.work, error);
  const std::filesystem::path checkpoint = o.work / "checkpoint.pt";
  const Settings settings = settings_of(o, data, language);
  Progressed progressed;
  if (o.resume && is_file(checkpoint)) {
    LATFORMER_ASSIGN(progressed, load_checkpoint(checkpoint, settings, module, optimizer));
  } else if (is_file(checkpoint) && !o.force) {
    return invalid_argument(checkpoint.string() + " is there already: --resume goes on with it, --force begins anew");
  }
  const File log(std::fopen((o.work / "log.jsonl").c_str(), progressed.step > 0 ? "ab" : "wb"));
  if (!log) return invalid_argument(o.work.string() + ": log.jsonl cannot be written");
  say(line_of("%zu tokens in %zu windows an epoch, %.1f M weights", data.tokens(), data.in_epoch(),
              static_cast<double>(facts.weight_count()) / 1e6));

  SteadyClock::time_point saved = SteadyClock::now();
  const auto save = [&]() -> Status {
    saved = SteadyClock::now();
    return save_checkpoint(checkpoint, settings, progressed, module, optimizer);
  };
  double running = 0;
  SteadyClock::time_point shown = SteadyClock::now();
  uint64_t since = 0;
  for (uint64_t step = progressed.step; step < o.steps; ++step) {
    Random random(o.seed, "language", step);
    const bool of_items = !items.empty() && random.uniform() < o.recall_share;
    const double speedup = language.eliminates() ? 1.25 + random.uniform() * (o.max_speedup - 1.25) : 1;
    const auto prompt = static_cast<uint32_t>(
        std::max(2.0, (0.5 + random.uniform() * (2 * o.prompt_share - 1)) * o.length));  // around the share
    for (auto& [name, weight] : module.weights()) weight.mutable_grad().reset();
    Language::Step sum;
    const auto add = [&](const Language::Step& part, double weight) {
      sum.loss += weight * part.loss;
      sum.distillation += weight * part.distillation;
      sum.attention += weight * part.attention;
    };
    {
      const Module::CastOnce casts(module);
      if (of_items) {
        for (uint32_t i = 0; i < o.batch; ++i) {
          const RecallItem& item = items[random.below(items.size())];
          const TokenText* text = &item.text;
          add(language.learn({&text, 1}, item.prompt, true, speedup, random.next(), 1.0 / o.batch), 1.0 / o.batch);
        }
      } else {
        for (uint32_t i = 0; i < o.batch; i += o.slice) {
          const uint32_t size = std::min(o.slice, o.batch - i);
          std::vector<TokenText> texts(size);
          std::vector<const TokenText*> pointers;
          for (uint32_t j = 0; j < size; ++j) {
            texts[j].ids = data.at(step * o.batch + i + j, o.seed);
            pointers.push_back(&texts[j]);
          }
          const double weight = static_cast<double>(size) / o.batch;
          add(language.learn(pointers, std::min(prompt, o.length - 2), false, speedup, random.next(), weight), weight);
        }
      }
    }
    std::vector<torch::Tensor> learners;
    for (auto& [name, weight] : module.weights()) {
      if (weight.requires_grad() && weight.grad().defined()) learners.push_back(weight);
    }
    const double norm = torch::nn::utils::clip_grad_norm_(learners, o.clip);
    if (!std::isfinite(sum.loss + sum.distillation + sum.attention + norm)) {
      return invalid_argument("step " + std::to_string(step + 1) +
                              ": the loss or the gradient is not finite; a lower learning rate may help");
    }
    const double rate = learning_rate(o.learning_rate, step, o.steps, o.warm_up);
    for (auto& group : optimizer.param_groups()) group.options().set_lr(rate);
    if (module.has_scorers()) optimizer.param_groups().back().options().set_lr(10 * rate);  // they are linear
    optimizer.step();
    progressed.step = step + 1;
    running = running == 0 ? sum.loss : 0.95 * running + 0.05 * sum.loss;
    ++since;
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - shown).count();
    if (seconds > 30) {
      say(line_of("step %llu of %llu: loss %.3f, distillation %.3f, attention %.3f; %.0f tokens/s",
                  static_cast<unsigned long long>(step + 1), static_cast<unsigned long long>(o.steps), running,
                  sum.distillation, sum.attention, static_cast<double>(since) * o.batch * o.length / seconds));
      shown = SteadyClock::now();
      since = 0;
    }
    if ((step + 1) % o.evaluate_every == 0 || step + 1 == o.steps) {
      LATFORMER_TRY(evaluate(language, valid, o, step + 1, say, log.get()));
    }
    const double minutes = std::chrono::duration<double>(SteadyClock::now() - saved).count() / 60;
    if (stop || minutes > o.checkpoint_minutes || step + 1 == o.steps) LATFORMER_TRY(save());
    if (stop) return Status(ErrorCode::cancelled, "stopped; the same command with --resume goes on");
  }
  const std::optional<Profile> profile = language.eliminates() ? std::optional(language.profile()) : folder.profile;
  return export_decoder(folder, module.weights(), profile, o.target, o.dtype, o.force);
}

}  // namespace

Status train_language(const LanguageOptions& options, const std::function<void(const std::string&)>& say,
                      const volatile bool& stop) {
  return guarded([&] { return run_language(options, say, stop); });
}

}  // namespace latformer::train
