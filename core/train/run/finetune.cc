#include "core/train/run/finetune.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/files/files.h"
#include "core/format/quote.h"
#include "core/train/data/random.h"
#include "core/train/modules/export_config.h"
#include "core/train/modules/guard.h"
#include "core/train/report/evaluate.h"
#include "core/train/report/metrics.h"
#include "core/train/run/checkpoint.h"
#include "core/train/run/progress.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

struct Texts {
  std::vector<Example> training, held_out;
};

// The configuration of the model to be: labels and problem as asked for, as the model has them, or as the data has.
Result<BertConfig> config_for(const FinetuneOptions& options, const ModelFolder& model,
                              std::span<const LabelledText> texts, ProblemType problem) {
  BertConfig config = model.config;
  config.problem_type = problem;
  config.quantized = false;
  if (options.layers > config.num_hidden_layers) {
    return invalid_argument("--layers is " + std::to_string(options.layers) + ", but the model has only " +
                            std::to_string(config.num_hidden_layers));
  }
  if (options.layers > 0) config.num_hidden_layers = options.layers;
  LATFORMER_TRY(check_classes(texts, problem));
  if (!options.labels.empty()) {
    config.labels = options.labels;
    if (std::find(config.labels.begin(), config.labels.end(), "") != config.labels.end()) {
      return invalid_argument("--labels has an empty name");
    }
  } else if (!model.has_classifier) {
    LATFORMER_ASSIGN(config.labels, labels_of(texts, problem));
  }
  if (problem == ProblemType::single_label && config.num_labels() < 2) {
    return invalid_argument("the model has a single label; there is nothing to tell apart");
  }
  return config;
}

// Shuffled by the seed; the first ones are held out.
Result<Texts> split(std::vector<Example> examples, const FinetuneOptions& options) {
  Random(options.train.seed, "held out").shuffle(examples);
  const size_t held_out = std::min(options.holdout, examples.size() / 10);
  Texts texts;
  const auto cut = examples.begin() + static_cast<std::ptrdiff_t>(held_out);
  texts.held_out.assign(std::make_move_iterator(examples.begin()), std::make_move_iterator(cut));
  texts.training.assign(std::make_move_iterator(cut), std::make_move_iterator(examples.end()));
  return texts;
}

// The profile that was asked for, if one was.
Result<std::optional<Profile>> given_profile(const FinetuneOptions& options, const BertConfig& config) {
  if (!options.profile) return std::optional<Profile>();
  LATFORMER_ASSIGN(const std::string json, read_file(*options.profile));
  auto profile = parse_profile(json, config.num_hidden_layers);
  if (!profile.ok()) return invalid_argument(options.profile->string() + ": " + profile.status().message());
  return std::optional<Profile>(*profile);
}

Profile measured_profile(const FinetuneOptions& options, const BertModule& module, std::span<const Example> training) {
  Profile profile;
  const auto measured = training.first(std::min(training.size(), options.acc_texts));
  profile.acc = contributions_of(module, measured, options.train.batches);
  profile.retention = retention_of(options.shape, profile.acc, options.r_min);
  profile.dropped = options.dropped;
  profile.max_speedup = options.train.target_speedup;
  return profile;
}

Result<torch::Device> device_for(const std::string& name) {
  if (name == "cpu") return torch::Device(torch::kCPU);
  if (name != "cuda" && !name.starts_with("cuda:")) {
    return invalid_argument("--device is " + quote(name) + ", not cpu, cuda or cuda:N");
  }
  if (!torch::cuda::is_available()) return invalid_argument("--device " + name + ": LibTorch finds no GPU here");
  const torch::Device device(name);
  if (device.has_index() && device.index() >= static_cast<int64_t>(torch::cuda::device_count())) {
    return invalid_argument("--device " + name + ": there are only " + std::to_string(torch::cuda::device_count()));
  }
  return device;
}

// All that bears on the result, in one line: a checkpoint of other settings is not taken up.
std::string settings_of(const FinetuneOptions& o, const BertConfig& config, std::span<const Example> examples,
                        const std::optional<Profile>& given, const Peers& peers) {
  const TrainOptions& t = o.train;
  std::ostringstream settings;
  settings.precision(std::numeric_limits<double>::digits10);
  settings << "model " << o.model.string() << ", layers " << config.num_hidden_layers;
  settings << ", problem " << static_cast<int>(config.problem_type) << ", labels";
  for (const std::string& label : config.labels) settings << " " << quote(label);
  settings << ", data";
  for (const fs::path& file : o.data) settings << " " << file.string();
  settings << ", columns " << quote(o.columns.text) << " " << quote(o.columns.pair) << " " << quote(o.columns.label);
  settings << ", texts " << examples.size() << ", fingerprint " << fingerprint_of(examples);
  settings << ", max tokens " << o.max_tokens << ", holdout " << o.holdout << ", seed " << t.seed;
  settings << ", processes " << peers.size();
  settings << ", epochs " << t.teacher.epochs << " + " << t.elimination.epochs;
  settings << ", learning rates " << t.teacher.learning_rate << " " << t.elimination.learning_rate;
  settings << ", batch tokens " << t.batches.max_tokens << ", batch texts " << t.batches.max_texts;
  settings << ", warm-up " << t.warm_up << ", weight decay " << t.weight_decay << ", clip " << t.clip;
  settings << ", dropout " << t.dropout << ", target speedup " << t.target_speedup << ", ramp " << t.ramp;
  settings << ", sandwich " << t.sandwich << ", distill " << t.distill << ", hidden weight " << t.hidden_weight;
  settings << ", scorers " << o.scorers << ", bf16 " << o.bf16 << ", frozen embeddings " << o.freeze_embeddings;
  if (given) {
    settings << ", profile " << compact(profile_json(*given));
  } else {
    settings << ", shape " << static_cast<int>(o.shape) << ", r_min " << o.r_min;
    settings << ", dropped " << static_cast<int>(o.dropped) << ", ACC texts " << o.acc_texts;
  }
  return settings.str();
}

Status evaluate_held_out(uint64_t step, const Texts& texts, const BertModule& module, Scheduler& scheduler,
                         const FinetuneOptions& options, bool eliminates, Progress& progress) {
  if (texts.held_out.empty()) return {};
  std::vector<std::pair<double, double>> values;
  for (const double speedup : {1.0, 2.0, 3.0, 4.8}) {
    if (speedup > (eliminates ? options.train.target_speedup : 1)) break;
    LATFORMER_ASSIGN(const double value, evaluate(module, texts.held_out, scheduler, speedup, options.train.batches));
    values.emplace_back(speedup, value);
  }
  return progress.measured(step, metric_name(module.config().problem_type), values);
}

// All steps that are left. Returns the profile that the model was trained for.
Result<std::optional<Profile>> train_all(const FinetuneOptions& options, const Texts& texts,
                                         const std::optional<Profile>& given, const std::string& settings,
                                         BertModule& module, const Peers& peers, const std::atomic<bool>& stop) {
  const fs::path checkpoint = options.work / "checkpoint.pt";
  torch::optim::AdamW optimizer = make_optimizer(module, options.train);
  const Plan plan = plan_of(texts.training, options.train);
  Progressed progressed;
  if (options.resume) {
    LATFORMER_ASSIGN(progressed, load_checkpoint(checkpoint, settings, module, optimizer));
  } else if (is_file(checkpoint)) {
    return invalid_argument(checkpoint.string() + " is there already: go on with --resume, or name another --work");
  }
  const fs::path log = peers.is_first() ? options.work / "log.jsonl" : fs::path();
  LATFORMER_ASSIGN(Progress progress, Progress::open(log, progressed.step, plan.steps()));
  const auto save = [&]() -> Status {
    return peers.is_first() ? save_checkpoint(checkpoint, settings, progressed, module, optimizer) : Status();
  };

  const Cost cost = cost_of(module.config());
  Scheduler scheduler(cost, progressed.profile.value_or(default_profile(cost.num_layers)));
  auto saved_at = Clock::now();
  for (uint64_t& step = progressed.step; step < plan.steps();) {
    if (!plan.is_teacher(step) && !progressed.profile) {
      progressed.profile = given ? *given : measured_profile(options, module, texts.training);
      scheduler = Scheduler(cost, *progressed.profile);
      LATFORMER_TRY(progress.log(R"({"step": )" + std::to_string(step) + R"(, "profile": )" +
                                 compact(profile_json(*progressed.profile)) + "}"));
    }
    const auto report = run_step(step, plan, options.train, texts.training, scheduler, module, optimizer, peers, stop);
    if (!report.ok()) {
      progress.say("stopped; " + (is_file(checkpoint) ? "the last good state is in " + checkpoint.string()
                                                      : std::string("there was no checkpoint yet")));
      return report.status();
    }
    LATFORMER_TRY(progress.step(step, plan.is_teacher(step) ? "teacher" : "elimination", *report));
    ++step;
    const bool done = step == plan.steps();
    if (peers.is_first() && (done || (options.evaluate_every > 0 && step % options.evaluate_every == 0))) {
      LATFORMER_TRY(evaluate_held_out(step, texts, module, scheduler, options, !plan.is_teacher(step - 1), progress));
    }
    const double minutes = std::chrono::duration<double>(Clock::now() - saved_at).count() / 60;
    if (report->stop && !done) {
      LATFORMER_TRY(save());
      return cancelled("stopped after step " + std::to_string(step) + "; --resume goes on from there");
    }
    if (done || minutes >= options.checkpoint_minutes) {
      LATFORMER_TRY(save());
      saved_at = Clock::now();
    }
  }
  return progressed.profile;
}

}  // namespace

Status finetune(const FinetuneOptions& options, const Peers& peers, const std::atomic<bool>& stop) {
  return guarded([&]() -> Status {
    LATFORMER_ASSIGN(const torch::Device device, device_for(options.device));
    LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(options.model));
    if (options.max_tokens > model.config.max_position_embeddings) {
      return invalid_argument("--max-tokens is " + std::to_string(options.max_tokens) + ", but the model has only " +
                              std::to_string(model.config.max_position_embeddings) + " positions");
    }
    const ProblemType problem =
        options.problem.value_or(model.has_classifier ? model.config.problem_type : ProblemType::single_label);
    LATFORMER_ASSIGN(const std::vector<LabelledText> read, read_labelled_texts(options.data, options.columns, problem));
    LATFORMER_ASSIGN(const BertConfig config, config_for(options, model, read, problem));
    LATFORMER_ASSIGN(const std::optional<Profile> given, given_profile(options, config));
    LATFORMER_ASSIGN(std::vector<Example> examples, encode_examples(read, model.tokenizer, config, options.max_tokens));
    const auto truncated =
        std::count_if(examples.begin(), examples.end(), [](const Example& e) { return e.truncated; });
    if (peers.is_first())
      std::fprintf(stderr, "%zu texts, %zd of them cut to %zu tokens\n", examples.size(), truncated,
                   options.max_tokens);
    const std::string settings = settings_of(options, config, examples, given, peers);
    LATFORMER_ASSIGN(const Texts texts, split(std::move(examples), options));

    LATFORMER_ASSIGN(auto weights, model.weights(config, options.train.seed));
    for (const std::string& name : scorer_names(config)) {
      if (!options.scorers) {
        weights.erase(name);
      } else if (options.train.elimination.epochs > 0) {
        weights.try_emplace(name, torch::zeros({config.hidden_size}));
      }
    }
    BertModule module(config, std::move(weights));
    if (options.freeze_embeddings) module.freeze_embeddings();
    module.to(device);
    module.compute_in(options.bf16 ? torch::kBFloat16 : torch::kFloat);
    std::error_code error;
    fs::create_directories(options.work, error);
    if (error) return invalid_argument(options.work.string() + ": " + error.message());
    if (peers.is_first()) LATFORMER_TRY(can_export(model, config, options.target, options.exporting));
    LATFORMER_ASSIGN(const std::optional<Profile> profile,
                     train_all(options, texts, given, settings, module, peers, stop));
    if (!peers.is_first()) return {};
    return export_model(model, config, module.weights(), profile, options.target, options.exporting);
  });
}

}  // namespace latformer::train
