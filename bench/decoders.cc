// What a decoder is worth at a speedup, and how fast it is:
//
//   bench_decoders FOLDER generate TEXT [SPEEDUP] [MODE]   the text that follows, as it comes
//   bench_decoders FOLDER perplexity TEXTFILE [options]    of the tokens behind prompts, over that of the whole
//   prompt's bench_decoders FOLDER recall ITEMS [options]           how often the right one of several answers is the
//   likeliest bench_decoders FOLDER speed [options]                  milliseconds of prompts, and tokens a second
//   behind them
//
//   --arms cut,recent@4,random@4,contrast@4,...   ways to make prompts shorter: SCORE@LAYER drops once, in that layer,
//                                                 SCORE@LAYER+ from that layer on; cut, sentences: before the first
//   --speedups 1,2,3    --tail 0.5    --prompt 256,768    --tokens 64    --count 16    --threads 1    --dtype fp32|q8
//
// Speedups are of multiply-accumulates of reading the prompt. The same items in the same order for every arm; errors
// are standard errors over prompts, or items.
#include "core/models/decoders.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/model_folder.h"
#include "core/base/status.h"
#include "core/format/json.h"
#include "core/tasks/generation.h"
#include "core/tasks/generation/likelihood.h"
#include "core/tasks/generation/prompt_plan.h"

namespace latformer {
namespace {

struct Settings {
  std::vector<std::string> arms = {"cut", "recent@4", "random@4", "contrast@4", "sentences"};
  std::vector<double> speedups = {1, 2, 3};
  std::vector<uint32_t> prompts = {256};
  uint32_t tokens = 64, count = 16;
  double tail = 0.5;
  LoadOptions load{};
};

std::vector<std::string> parts_of(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    parts.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

Result<Settings> parse_settings(std::span<char*> arguments) {
  Settings settings;
  if (arguments.size() % 2 != 0) return invalid_argument("options come with a value each");
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string_view name = arguments[i];
    const char* value = arguments[i + 1];
    if (name == "--arms") {
      settings.arms = parts_of(value);
    } else if (name == "--speedups") {
      settings.speedups.clear();
      for (const std::string& part : parts_of(value)) settings.speedups.push_back(std::atof(part.c_str()));
    } else if (name == "--prompt") {
      settings.prompts.clear();
      for (const std::string& part : parts_of(value)) {
        settings.prompts.push_back(static_cast<uint32_t>(std::atoi(part.c_str())));
      }
    } else if (name == "--tokens") {
      settings.tokens = static_cast<uint32_t>(std::atoi(value));
    } else if (name == "--count") {
      settings.count = static_cast<uint32_t>(std::atoi(value));
    } else if (name == "--tail") {
      settings.tail = std::atof(value);
    } else if (name == "--threads") {
      settings.load.threads = static_cast<size_t>(std::max(1, std::atoi(value)));
    } else if (name == "--dtype") {
      settings.load.precision = std::string_view(value) == "q8" ? Precision::int8 : Precision::f32;
    } else {
      return invalid_argument("no option is called " + std::string(name));
    }
  }
  return settings;
}

// A way to make prompts shorter, as the profile of a model would have it.
Result<Profile> profile_of(std::string_view arm, uint32_t layers, double tail) {
  Profile profile = default_decoder_profile(layers);
  profile.max_speedup = 1000;
  profile.prompt.tail_share = tail;
  const size_t at = arm.find('@');
  if (at == std::string_view::npos) {
    LATFORMER_ASSIGN(profile.prompt.mode, parse_prompt_mode(arm));
    return profile;
  }
  profile.prompt.mode = PromptMode::layers;
  bool known = false;
  for (const PromptScore score : {PromptScore::contrast, PromptScore::largest_head, PromptScore::mean,
                                  PromptScore::recent, PromptScore::random}) {
    if (name_of(score) != arm.substr(0, at)) continue;
    profile.prompt.score = score;
    known = true;
  }
  const auto layer = static_cast<uint32_t>(std::atoi(std::string(arm.substr(at + 1)).c_str()));
  if (!known || layer >= layers) return invalid_argument("no arm is called " + std::string(arm));
  profile.retention = one_drop(layers, layer, 0.5);
  if (arm.ends_with('+')) {
    for (uint32_t l = layer; l < layers; ++l) {
      profile.retention[l] = std::pow(0.5, static_cast<double>(l - layer + 1) / (layers - layer));
    }
  }
  return profile;
}

class Bench {
 public:
  static Result<Bench> open(const std::string& folder, const Settings& settings) {
    const FolderTexts small(folder);
    LATFORMER_ASSIGN(std::unique_ptr<DecoderLoader> loader,
                     open_decoder(small.files.config_json, settings.load.precision));
    LATFORMER_ASSIGN(Tokenizer tokenizer, open_tokenizer(small.files, loader->facts().vocab_size));
    LATFORMER_TRY(read_weights(folder, *loader));
    LATFORMER_ASSIGN(Threads threads, Threads::create(settings.load.threads));
    LATFORMER_ASSIGN(std::unique_ptr<DecoderModel> model, loader->finish(std::move(threads)));
    return Bench(std::move(model), std::move(tokenizer), settings);
  }

  Result<std::vector<int32_t>> encode(std::string_view text) const {
    LATFORMER_ASSIGN(Encoding encoding, tokenizer_.encode(text, {}, size_t{1} << 30));
    return std::move(encoding.ids);
  }

  Result<PromptPlan> plan(std::string_view arm, std::span<const int32_t> prompt, double speedup,
                          PromptElimination& how) {
    LATFORMER_ASSIGN(Profile profile, profile_of(arm, model_->facts().num_layers, settings_.tail));
    how = profile.prompt;
    const PromptMode mode = how.mode;
    return PromptPlanner(model_->facts(), std::move(profile), sentences()).plan(prompt, speedup, {}, mode);
  }

  Status perplexity(const std::string& file) {
    const std::string text = text_of(file);
    LATFORMER_ASSIGN(const std::vector<int32_t> ids, encode(text));
    std::printf("perplexity of %u tokens behind prompts, over that behind whole prompts; %u prompts\n",
                settings_.tokens, settings_.count);
    for (const uint32_t length : settings_.prompts) {
      const size_t step = (ids.size() - length - settings_.tokens) / settings_.count;
      std::vector<double> whole;  // mean log p of each prompt's tokens
      std::printf("\n| prompt of %u |", length);
      for (const double speedup : settings_.speedups) std::printf(" %gx |", speedup);
      std::printf(" achieved, in the same order |\n");
      std::vector<std::string> arms = settings_.arms;
      arms.insert(arms.begin(), "whole");
      for (const std::string& arm : arms) {
        std::string achieved;
        std::printf("| %s |", arm.c_str());
        for (const double speedup : arm == "whole" ? std::vector<double>{1} : settings_.speedups) {
          std::vector<double> off;
          double sum = 0;
          for (uint32_t i = 0; i < settings_.count; ++i) {
            const std::span<const int32_t> at = std::span(ids).subspan(i * step, length + settings_.tokens);
            PromptElimination how;
            LATFORMER_ASSIGN(const PromptPlan reading,
                             plan(arm == "whole" ? "cut" : arm, at.first(length), speedup, how));
            LATFORMER_ASSIGN(PromptReading prompt, PromptReading::create(*model_, how, reading));
            LATFORMER_ASSIGN(const std::vector<double> logs, prompt.log_likelihoods(at.subspan(length)));
            double mean = 0;
            for (const double log : logs) mean += log / static_cast<double>(logs.size());
            if (arm == "whole") {
              whole.push_back(mean);
              sum += mean;
            } else {
              off.push_back(whole[i] - mean);
              sum += reading.achieved;
            }
          }
          if (arm == "whole") {
            std::printf(" %.2f", std::exp(-sum / settings_.count));
            continue;
          }
          const auto [mean, error] = mean_and_error(off);
          std::printf(" %.3f ± %.3f |", std::exp(mean), std::exp(mean) * error);
          char text_of_mean[32];
          std::snprintf(text_of_mean, sizeof text_of_mean, " %.2f", sum / settings_.count);
          achieved += text_of_mean;
        }
        std::printf("%s |\n", achieved.c_str());
        std::fflush(stdout);
      }
    }
    return {};
  }

  // ITEMS: lines of {"prompt": ..., "answers": [...], "right": index, "part": name}.
  Status recall(const std::string& file) {
    struct Item {
      std::vector<int32_t> prompt;
      std::vector<std::vector<int32_t>> answers;
      size_t right = 0;
      std::string part;
    };
    const std::string text = text_of(file);
    std::vector<Item> items;
    for (std::string_view rest = text; !rest.empty() && items.size() < settings_.count;) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("items", line));
      const JsonValue root = document.root();
      Item item;
      LATFORMER_ASSIGN(const std::string_view prompt, root["prompt"].string());
      LATFORMER_ASSIGN(item.prompt, encode(prompt));
      LATFORMER_ASSIGN(const JsonArray answers, root["answers"].array());
      for (const JsonValue answer : answers) {
        LATFORMER_ASSIGN(const std::string_view words, answer.string());
        LATFORMER_ASSIGN(std::vector<int32_t> ids, encode(words));
        item.answers.push_back(std::move(ids));
      }
      LATFORMER_ASSIGN(const int64_t right, root["right"].integer(0, static_cast<int64_t>(item.answers.size()) - 1));
      item.right = static_cast<size_t>(right);
      LATFORMER_ASSIGN(item.part, root["part"].string());
      items.push_back(std::move(item));
    }
    double tokens = 0;
    for (const Item& item : items)
      tokens += static_cast<double>(item.prompt.size()) / static_cast<double>(items.size());
    std::printf("%zu items of %.0f tokens: how often the right answer is the likeliest, %%\n| | speedup | all |",
                items.size(), tokens);
    std::map<std::string, int> parts;
    for (const Item& item : items) ++parts[item.part];
    for (const auto& [part, count] : parts) std::printf(" %s (%d) |", part.c_str(), count);
    std::printf("\n");
    for (const std::string& arm : settings_.arms) {
      for (const double speedup : settings_.speedups) {
        std::map<std::string, double> right;
        double all = 0;
        for (const Item& item : items) {
          PromptElimination how;
          LATFORMER_ASSIGN(const PromptPlan reading, plan(arm, item.prompt, speedup, how));
          LATFORMER_ASSIGN(PromptReading prompt, PromptReading::create(*model_, how, reading));
          double best = -1e30;
          size_t chosen = 0;
          for (size_t i = 0; i < item.answers.size(); ++i) {
            LATFORMER_ASSIGN(const std::vector<double> logs, prompt.log_likelihoods(item.answers[i]));
            double sum = 0;
            for (const double log : logs) sum += log;
            if (sum > best) {
              best = sum;
              chosen = i;
            }
          }
          if (chosen != item.right) continue;
          ++all;
          ++right[item.part];
        }
        std::printf("| %s | %g | %s |", arm.c_str(), speedup, share(all, static_cast<double>(items.size())).c_str());
        for (const auto& [part, count] : parts) std::printf(" %s |", share(right[part], count).c_str());
        std::printf("\n");
        std::fflush(stdout);
      }
    }
    return {};
  }

  // Prompts of settings.prompts tokens at speedups, and `tokens` tokens behind each; medians of `count` rounds.
  Status speed() {
    using Clock = std::chrono::steady_clock;
    const auto since = [](Clock::time_point begin) {
      return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    };
    std::printf("%s, %zu threads, %s\n| prompt | speedup | ms to first token | tokens/s behind | cache MB |\n",
                std::string(kernels::description()).c_str(), settings_.load.threads,
                model_->precision() == Precision::int8 ? "int8" : "f32");
    for (const uint32_t length : settings_.prompts) {
      std::vector<int32_t> ids(length);
      for (size_t i = 0; i < length; ++i) ids[i] = static_cast<int32_t>(i * 7919 % model_->facts().vocab_size);
      for (const double speedup : settings_.speedups) {
        std::vector<double> first, behind;
        size_t bytes = 0;
        for (uint32_t round = 0; round < settings_.count; ++round) {
          PromptElimination how;
          const Clock::time_point begin = Clock::now();
          LATFORMER_ASSIGN(const PromptPlan reading, plan(settings_.arms.front(), ids, speedup, how));
          LATFORMER_ASSIGN(Sequence sequence,
                           model_->begin(static_cast<uint32_t>(reading.ids.size()), reading.counts, settings_.tokens));
          const DecoderInput prompt{
              .ids = reading.ids, .positions = reading.positions, .counts = reading.counts, .sequence = &sequence};
          LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, model_->run({&prompt, 1}, how));
          first.push_back(since(begin));
          const Clock::time_point then = Clock::now();
          for (uint32_t i = 0; i < settings_.tokens; ++i) {
            const int32_t token = argmax(outputs.front().logits);
            const DecoderInput next{.ids = {&token, 1}, .positions = {}, .counts = {}, .sequence = &sequence};
            LATFORMER_ASSIGN(outputs, model_->run({&next, 1}, how));
          }
          behind.push_back(1000.0 * settings_.tokens / since(then));
          bytes = sequence.bytes();
        }
        std::ranges::sort(first);
        std::ranges::sort(behind);
        std::printf("| %u | %g | %.1f | %.1f | %.1f |\n", length, speedup, first[first.size() / 2],
                    behind[behind.size() / 2], static_cast<double>(bytes) / (1 << 20));
        std::fflush(stdout);
      }
    }
    return {};
  }

 private:
  Bench(std::unique_ptr<DecoderModel> model, Tokenizer tokenizer, Settings settings)
      : model_(std::move(model)), tokenizer_(std::move(tokenizer)), settings_(std::move(settings)) {
    for (uint32_t id = 0; id < model_->facts().vocab_size; ++id) {
      const auto token = static_cast<int32_t>(id);
      ends_.push_back(may_end_sentence(tokenizer_.decode({&token, 1}, true)));
    }
  }

  SentenceFinder sentences() const {
    const DecoderModel* model = model_.get();
    return {model->facts().hidden_size, [model](int32_t id, float* y) { model->embedding(id, y); }, ends_};
  }

  static std::pair<double, double> mean_and_error(const std::vector<double>& values) {
    double mean = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    const auto n = static_cast<double>(values.size());
    return {mean, n > 1 ? std::sqrt(squares / (n - 1) / n) : 0};
  }

  static std::string share(double right, double of) {
    const double p = right / of;
    char text[32];
    std::snprintf(text, sizeof text, "%.0f ± %.0f", 100 * p, 100 * std::sqrt(p * (1 - p) / of));
    return text;
  }

  std::unique_ptr<DecoderModel> model_;
  Tokenizer tokenizer_;
  Settings settings_;
  std::vector<bool> ends_;
};

Status generate(const std::string& folder, std::span<char*> arguments) {
  const FolderTexts small(folder);
  LATFORMER_ASSIGN(GeneratorLoader loader, GeneratorLoader::create(small.files));
  LATFORMER_TRY(read_weights(folder, loader));
  LATFORMER_ASSIGN(Generator generator, loader.finish());
  GenerationOptions options{.max_new_tokens = 80};
  if (arguments.size() > 1) options.speedup = std::atof(arguments[1]);
  if (arguments.size() > 2) {
    LATFORMER_ASSIGN(options.mode, parse_prompt_mode(arguments[2]));
  }
  const std::string_view prompt = arguments[0];
  LATFORMER_ASSIGN(Generation text, generator.start({&prompt, 1}, options));
  while (!text.done()) {
    LATFORMER_ASSIGN(const std::vector<Piece> pieces, text.next());
    for (const Piece& piece : pieces) std::printf("%s", piece.text.c_str());
    std::fflush(stdout);
  }
  const GenerationStats& stats = text.stats().front();
  std::printf("\n%u tokens at %.2fx in %.0f ms, then %.1f tokens/s\n", stats.prompt_tokens, stats.achieved_speedup,
              stats.first_milliseconds, stats.tokens_per_second);
  return {};
}

Status run(int argc, char** argv) {
  const std::string_view command = argc > 2 ? argv[2] : "";
  const bool reads = command == "perplexity" || command == "recall" || command == "generate";
  if (!(reads && argc > 3) && command != "speed") {
    return invalid_argument("usage: bench_decoders FOLDER generate|perplexity|recall|speed [FILE] [options]");
  }
  const std::span<char*> rest(argv + (reads ? 4 : 3), argv + argc);
  if (command == "generate") return generate(argv[1], std::span<char*>(argv + 3, argv + argc));
  LATFORMER_ASSIGN(const Settings settings, parse_settings(rest));
  LATFORMER_ASSIGN(Bench bench, Bench::open(argv[1], settings));
  if (command == "perplexity") return bench.perplexity(argv[3]);
  return command == "recall" ? bench.recall(argv[3]) : bench.speed();
}

}  // namespace
}  // namespace latformer

int main(int argc, char** argv) {
  const latformer::Status status = latformer::run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "bench_decoders: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
