#include "core/train/run/finetune.h"

#include <torch/cuda.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

#include "core/base/hash.h"
#include "core/files/files.h"
#include "core/format/quote.h"
#include "core/train/data/holdout.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/compute_type.h"
#include "core/train/modules/export_config.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/torch.h"
#include "core/train/report/evaluate.h"
#include "core/train/report/metrics.h"
#include "core/train/run/checkpoint.h"
#include "core/train/run/own_vectors.h"
#include "core/train/run/progress.h"
#include "core/train/run/settings.h"
#include "core/train/run/summary.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

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
  if (problem == ProblemType::embedding) {
    config.labels.clear();
    return config;
  }
  if (options.columns.logits.empty()) LATFORMER_TRY(check_classes(texts, problem));
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

// All texts of the run, tokenised: without those that are too short, and with some held out.
Result<RunData> data_for(const FinetuneOptions& options, std::span<const LabelledText> texts,
                         const Tokenizer& tokenizer, const BertConfig& config, const SentenceSettings& sentences) {
  RunData data;
  data.classes = classes_of(texts);
  LATFORMER_ASSIGN(std::vector<Example> all, encode_examples(texts, tokenizer, config, options.max_tokens));
  data.too_short = std::erase_if(all, [&](const Example& e) { return e.tokens.ids.size() < options.min_tokens; });
  if (all.empty()) {
    return invalid_argument("no text has the " + std::to_string(options.min_tokens) + " tokens of --min-tokens");
  }
  data.truncated =
      static_cast<size_t>(std::count_if(all.begin(), all.end(), [](const Example& e) { return e.truncated; }));
  const size_t most = std::min(options.holdout, all.size() / 10);
  const std::vector<uint32_t> held_out = held_out_of(all, most, options.train.seed);
  for (uint32_t i = 0, next = 0; i < all.size(); ++i) {
    const bool is_held_out = next < held_out.size() && held_out[next] == i;
    if (is_held_out) ++next;
    (is_held_out ? data.held_out : data.training).push_back(std::move(all[i]));
  }
  if (options.dev.empty()) return data;
  ColumnNames columns = options.columns;
  columns.logits.clear();
  LATFORMER_ASSIGN(auto dev, read_labelled_texts(options.dev, columns, config.problem_type));
  if (sentences.default_prompt) put_prompt_before(dev, sentences);
  LATFORMER_ASSIGN(data.dev, encode_examples(dev, tokenizer, config, options.max_tokens));
  return data;
}

// The profile that was asked for, if one was.
Result<std::optional<Profile>> given_profile(const FinetuneOptions& options, const BertConfig& config) {
  if (!options.profile) return std::optional<Profile>();
  LATFORMER_ASSIGN(const std::string json, read_file(*options.profile));
  auto profile = parse_profile(json, config.num_hidden_layers);
  if (!profile.ok()) return invalid_argument(options.profile->string() + ": " + profile.status().message());
  return std::optional<Profile>(*profile);
}

Profile measured_profile(const FinetuneOptions& options, const Module& module, std::span<const Example> training) {
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

// All that bears on the result. Where files lie does not; what is in them does.
Settings settings_of(const FinetuneOptions& o, const BertConfig& config, const RunData& data, const Module& module,
                     const std::optional<Profile>& given, const Peers& peers) {
  const TrainOptions& t = o.train;
  uint64_t weights = kEmptyHash;
  for (const auto& [name, tensor] : module.weights()) {
    const torch::Tensor values = tensor.detach().to(torch::kCPU).contiguous();
    const std::string_view bytes(static_cast<const char*>(values.data_ptr()), values.nbytes());
    for (const char byte : bytes) weights = extend_hash(weights, byte);
  }
  std::string labels;
  for (const std::string& label : config.labels) {
    if (!labels.empty()) labels += ' ';
    labels += quote(label);
  }
  Settings settings;
  settings.add("weights at the start", weights);
  settings.add("layers", config.num_hidden_layers);
  settings.add("problem", name_of(config.problem_type));
  settings.add("labels", labels);
  settings.add("texts", data.training.size(), "+", data.held_out.size(), "held out");
  settings.add("fingerprint of the texts", fingerprint_of(data.training), fingerprint_of(data.held_out));
  settings.add("dev texts", data.dev.size(), fingerprint_of(data.dev));
  settings.add("patience", o.patience);
  settings.add("max tokens", o.max_tokens);
  settings.add("seed", t.seed);
  settings.add("processes", peers.size());
  settings.add("teacher epochs", t.teacher.epochs);
  settings.add("epochs", t.elimination.epochs);
  settings.add("teacher learning rate", t.teacher.learning_rate);
  settings.add("learning rate", t.elimination.learning_rate);
  settings.add("batch tokens", t.batches.max_tokens);
  settings.add("batch texts", t.batches.max_texts);
  settings.add("full every", t.full_every);
  settings.add("pruned batch", t.pruned_batch);
  settings.add("warm-up", t.warm_up);
  settings.add("weight decay", t.weight_decay);
  settings.add("clip", t.clip);
  settings.add("dropout", t.dropout);
  settings.add("target speedup", t.target_speedup);
  settings.add("reach", t.reach);
  settings.add("target pass", t.target_pass);
  settings.add("min rows", t.min_rows);
  settings.add("ramp", t.ramp);
  settings.add("sandwich", t.sandwich);
  settings.add("distill", t.distill);
  settings.add("hidden weight", t.hidden_weight);
  settings.add("rows weight", t.rows_weight);
  settings.add("scorers", o.scorers);
  settings.add("compute", module.compute_type() == torch::kBFloat16 ? "bf16" : "f32");
  settings.add("frozen embeddings", o.freeze_embeddings);
  if (given) {
    settings.add("profile", compact(profile_json(*given)));
  } else {
    settings.add("shape", static_cast<int>(o.shape));
    settings.add("r-min", o.r_min);
    settings.add("dropped", static_cast<int>(o.dropped));
    settings.add("ACC texts", o.acc_texts);
  }
  return settings;
}

using Measured = std::vector<std::pair<double, double>>;  // speedup, metric

Result<Measured> measure(const FinetuneOptions& options, std::span<const Example> examples, const Module& module,
                         Scheduler& scheduler, bool eliminates) {
  Measured values;
  for (const double speedup : {1.0, 2.0, 3.0, 4.8}) {
    if (speedup > (eliminates ? options.train.target_speedup : 1)) break;
    LATFORMER_ASSIGN(const double value, evaluate(module, examples, scheduler, speedup, options.train.batches));
    values.emplace_back(speedup, value);
  }
  return values;
}

double mean_of(const Measured& values) {
  double sum = 0;
  for (const auto& [speedup, value] : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The files in WORK, and a run that goes on from them.
class Run {
 public:
  Run(const FinetuneOptions& options, const RunData& data, const Plan& plan, Settings settings, Module& module,
      const Peers& peers)
      : options_(options),
        data_(data),
        plan_(plan),
        settings_(std::move(settings)),
        module_(module),
        peers_(peers),
        optimizer_(make_optimizer(module, options.train)),
        scheduler_(module.config().cost, default_profile(module.config().cost.num_layers)) {}

  // All steps that are left. Returns the profile that the model was trained for; the module has the weights to export.
  Result<std::optional<Profile>> train(const std::optional<Profile>& given, const std::atomic<bool>& stop);

 private:
  fs::path checkpoint() const { return options_.work / "checkpoint.pt"; }
  fs::path best() const { return options_.work / "best.pt"; }
  Status save() const {
    return peers_.is_first() ? save_checkpoint(checkpoint(), settings_, progressed_, module_, optimizer_) : Status();
  }
  bool is_last_stage(uint64_t step) const { return !plan_.is_teacher(step) || plan_.teacher_steps == plan_.steps(); }
  bool ended_early() const { return options_.patience > 0 && progressed_.epochs_since >= options_.patience; }
  Status begin_elimination(const std::optional<Profile>& given, Progress& progress);
  // Measurements that are due after `step`; whether an epoch of the last stage ended.
  Result<bool> measure_after(uint64_t step, Progress& progress);

  const FinetuneOptions& options_;
  const RunData& data_;
  const Plan& plan_;
  Settings settings_;
  Module& module_;
  const Peers& peers_;
  torch::optim::AdamW optimizer_;
  Scheduler scheduler_;
  Progressed progressed_;
};

Status Run::begin_elimination(const std::optional<Profile>& given, Progress& progress) {
  if (!progressed_.profile) {
    progressed_.profile = given ? *given : measured_profile(options_, module_, data_.training);
    LATFORMER_TRY(progress.log(R"({"step": )" + std::to_string(progressed_.step) + R"(, "profile": )" +
                               compact(profile_json(*progressed_.profile)) + "}"));
  }
  scheduler_ = Scheduler(module_.config().cost, *progressed_.profile);
  return {};
}

Result<bool> Run::measure_after(uint64_t step, Progress& progress) {
  const uint64_t done = step + 1;
  const bool eliminates = !plan_.is_teacher(step);
  const std::string_view metric = metric_name(module_.config().problem_type);
  const bool is_due = done == plan_.steps() || (options_.evaluate_every > 0 && done % options_.evaluate_every == 0);
  if (peers_.is_first() && is_due && !data_.held_out.empty()) {
    LATFORMER_ASSIGN(const Measured values, measure(options_, data_.held_out, module_, scheduler_, eliminates));
    LATFORMER_TRY(progress.measured(done, "held_out", metric, values));
  }
  const bool epoch_ends = std::binary_search(plan_.epoch_ends.begin(), plan_.epoch_ends.end(), done);
  if (data_.dev.empty() || !epoch_ends || !is_last_stage(step)) return false;
  // Every process measures, so that all know when to end.
  LATFORMER_ASSIGN(const Measured values, measure(options_, data_.dev, module_, scheduler_, eliminates));
  LATFORMER_TRY(progress.measured(done, "dev", metric, values));
  const double score = mean_of(values);
  if (progressed_.best_step > 0 && score <= progressed_.best_score) {
    ++progressed_.epochs_since;
    return true;
  }
  progressed_.best_score = score;
  progressed_.best_step = done;
  progressed_.epochs_since = 0;
  if (peers_.is_first()) LATFORMER_TRY(save_weights(best(), module_));
  return true;
}

Result<std::optional<Profile>> Run::train(const std::optional<Profile>& given, const std::atomic<bool>& stop) {
  if (options_.resume) {
    LATFORMER_ASSIGN(progressed_, load_checkpoint(checkpoint(), settings_, module_, optimizer_));
  } else if (is_file(checkpoint())) {
    return invalid_argument(checkpoint().string() + " is there already: go on with --resume, or name another --work");
  }
  const fs::path log = peers_.is_first() ? options_.work / "log.jsonl" : fs::path();
  LATFORMER_ASSIGN(Progress progress, Progress::open(log, progressed_.step, plan_));
  auto saved_at = Clock::now();
  bool eliminates = false;
  for (uint64_t& step = progressed_.step; step < plan_.steps() && !ended_early();) {
    if (!plan_.is_teacher(step) && !std::exchange(eliminates, true)) {
      LATFORMER_TRY(begin_elimination(given, progress));
    }
    const auto report =
        run_step(step, plan_, options_.train, data_.training, scheduler_, module_, optimizer_, peers_, stop);
    if (!report.ok()) {
      progress.say("stopped; " + (is_file(checkpoint()) ? "the last good state is in " + checkpoint().string()
                                                        : std::string("there was no checkpoint yet")));
      return report.status();
    }
    LATFORMER_TRY(progress.step(step, *report));
    LATFORMER_ASSIGN(const bool of_epoch, measure_after(step, progress));
    ++step;
    const bool done = step == plan_.steps() || ended_early();
    const double minutes = std::chrono::duration<double>(Clock::now() - saved_at).count() / 60;
    if (report->stop && !done) {
      LATFORMER_TRY(save());
      return cancelled("stopped after step " + std::to_string(step) + "; --resume goes on from there");
    }
    if (done || of_epoch || minutes >= options_.checkpoint_minutes) {
      LATFORMER_TRY(save());
      saved_at = Clock::now();
    }
  }
  if (progressed_.best_step > 0 && progressed_.best_step != progressed_.step) {
    progress.say("the best was step " + std::to_string(progressed_.best_step) + ": its weights are taken");
    if (peers_.is_first()) LATFORMER_TRY(load_weights(best(), module_));
  }
  return progressed_.profile;
}

// What products are computed in: as asked for; as the run that is taken up had it; or whatever is faster.
Result<torch::Dtype> compute_type_for(const FinetuneOptions& options, torch::Device device) {
  if (options.bf16) return *options.bf16 ? torch::kBFloat16 : torch::kFloat;
  const fs::path checkpoint = options.work / "checkpoint.pt";
  if (options.resume && is_file(checkpoint)) {
    LATFORMER_ASSIGN(const Settings settings, settings_in_checkpoint(checkpoint));
    return settings.value("compute") == "bf16" ? torch::kBFloat16 : torch::kFloat;
  }
  return faster_compute_type(device);
}

Status check_options(const FinetuneOptions& options, const ModelFolder& model) {
  if (options.max_tokens > model.config.max_position_embeddings) {
    return invalid_argument("--max-tokens is " + std::to_string(options.max_tokens) + ", but the model has only " +
                            std::to_string(model.config.max_position_embeddings) + " positions");
  }
  if (options.min_tokens > options.max_tokens) return invalid_argument("--min-tokens is above --max-tokens");
  if (options.patience > 0 && options.dev.empty()) return invalid_argument("--patience needs --dev");
  return {};
}

}  // namespace

Status finetune(const FinetuneOptions& given_options, const Peers& peers, const std::atomic<bool>& stop) {
  return guarded([&]() -> Status {
    FinetuneOptions options = given_options;
    options.train.target_pass |= !options.train.sandwich;  // the one pass that there is
    LATFORMER_ASSIGN(const torch::Device device, device_for(options.device));
    LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(options.model));
    LATFORMER_TRY(check_options(options, model));
    const ProblemType problem =
        options.problem.value_or(model.has_classifier ? model.config.problem_type : ProblemType::single_label);
    const bool of_vectors = problem == ProblemType::embedding;
    SentenceSettings sentences;
    if (of_vectors) {
      LATFORMER_ASSIGN(sentences, model.sentences());
      LATFORMER_TRY(learn_own_vectors(sentences, options));
    }
    LATFORMER_ASSIGN(std::vector<LabelledText> read, read_labelled_texts(options.data, options.columns, problem));
    if (of_vectors) put_prompt_before(read, sentences);
    LATFORMER_ASSIGN(const BertConfig config, config_for(options, model, read, problem));
    LATFORMER_ASSIGN(const std::optional<Profile> given, given_profile(options, config));
    if (peers.is_first()) LATFORMER_TRY(can_export(model, config, options.target, options.exporting));
    LATFORMER_ASSIGN(RunData data, data_for(options, read, model.tokenizer, config, sentences));
    const Plan plan = plan_of(data.training, options.train);

    LATFORMER_ASSIGN(auto weights, model.weights(config, options.train.seed));
    for (const std::string& name : scorer_names(config)) {
      if (!options.scorers) {
        weights.erase(name);
      } else if (options.train.elimination.epochs > 0) {
        weights.try_emplace(name, torch::zeros({config.hidden_size}));
      }
    }
    BertModule module(config, std::move(weights), vector_head_of(sentences));
    if (options.freeze_embeddings) module.freeze_embeddings();
    module.to(device);
    LATFORMER_ASSIGN(const torch::Dtype compute, compute_type_for(options, device));
    module.compute_in(compute);

    const Needs needs = needs_of(module, options, data, plan);
    if (peers.is_first()) {
      std::fputs(summary_of(options, data, module, plan, needs).c_str(), stderr);
      LATFORMER_TRY(check_space(options.work, needs.work));
      LATFORMER_TRY(check_space(options.target, needs.target));
    }
    if (options.dry_run) {
      if (of_vectors) any_vectors(config.hidden_size, data);  // the pace is the same
      Scheduler scheduler(module.config().cost, given.value_or(default_profile(config.num_hidden_layers)));
      LATFORMER_ASSIGN(const std::string pace, pace_of(options, data, scheduler, module, plan));
      std::fputs(pace.c_str(), stdout);
      return {};
    }
    std::error_code error;
    fs::create_directories(options.work, error);
    if (error) return invalid_argument(options.work.string() + ": " + error.message());
    Settings settings = settings_of(options, config, data, module, given, peers);
    if (of_vectors) {  // which follow from texts and weights, by which the run is known again
      if (peers.is_first()) std::fputs("its own vectors of all texts are computed first, once\n", stderr);
      LATFORMER_TRY(take_own_vectors(module, options.train.batches, data));
    }
    Run run(options, data, plan, std::move(settings), module, peers);
    LATFORMER_ASSIGN(const std::optional<Profile> profile, run.train(given, stop));
    if (!peers.is_first()) return {};
    return export_model(model, config, module.weights(), profile, options.target, options.exporting);
  });
}

}  // namespace latformer::train
