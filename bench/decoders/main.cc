// What a decoder is worth at a speedup, and how fast it is:
//
//   bench_decoders FOLDER generate TEXT [SPEEDUP] [MODE]   the text that follows, as it comes
//   bench_decoders FOLDER perplexity TEXTFILE [options]    -log p of tokens behind prompts
//   bench_decoders FOLDER recall ITEMS [options]           which of several answers is the likeliest
//   bench_decoders FOLDER speed [options]                  milliseconds of prompts, and tokens a second behind them
//   bench_decoders FOLDER roofline [options]               the same against the machine: GOP/s of prompts beside the
//   most
//                                                          that multiplying gives here, GB/s of the weights that each
//                                                          token reads beside a plain read of as many bytes
//
//   --csv FILE            where a line goes for each prompt, arm and speedup; a run that was cut off goes on from it.
//                         Without it they go to standard output. bench/decoders/tables.mjs prints tables of such files
//   --arms cut,h2o@1,...  ways to make prompts shorter: SCORE@LAYER drops once, in that layer, SCORE@LAYER+ from that
//                         layer on; cut, sentences: before the first; profile: as the folder's profile.json says. h2o
//                         is the score of H2O: what all queries attend to, with as many of the most recent. The whole
//                         prompt is always measured
//   --speedups 1.5,2,3    --tail 0.5    --prompt 256,768    --tokens 64    --count 16    --threads 1
//   --dtype fp32|q8|q4
//
// Speedups are of multiply-accumulates of reading the prompt. All arms read a prompt before the next one comes, so that
// whatever is there is a fair comparison.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/decoders/arms.h"
#include "bench/decoders/record.h"
#include "bench/native/model_folder.h"
#include "bench/native/peak.h"
#include "core/format/json.h"
#include "core/tasks/generation.h"
#include "core/tasks/generation/likelihood.h"

namespace latformer {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

std::string formatted(const char* format, auto... values) {
  char text[160];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

struct Run {
  std::string arm;
  double speedup;
};

std::vector<Run> runs_of(const Settings& settings) {
  std::vector<Run> runs = {{"whole", 1}};
  for (const std::string& arm : settings.arms) {
    for (const double speedup : settings.speedups) {
      if (speedup > 1) runs.push_back({arm, speedup});
    }
  }
  return runs;
}

// A prompt as it was read.
struct Read {
  PromptReading reading;
  double achieved, milliseconds;
  size_t bytes;
};

Result<Read> read(const Arms& arms, const Run& run, std::span<const int32_t> prompt) {
  const Clock::time_point begin = Clock::now();
  PromptElimination how;
  LATFORMER_ASSIGN(const PromptPlan plan, arms.plan(run.arm, prompt, run.speedup, how));
  LATFORMER_ASSIGN(PromptReading reading, PromptReading::create(*arms.model, how, plan));
  const double milliseconds = milliseconds_since(begin);
  const size_t bytes = reading.cache_bytes();
  return Read{.reading = std::move(reading), .achieved = plan.achieved, .milliseconds = milliseconds, .bytes = bytes};
}

// The mean of -log p of the first `count`; all of them if there are fewer.
double loss_of(std::span<const double> logs, size_t count) {
  count = std::min(count, logs.size());
  double sum = 0;
  for (const double log : logs.first(count)) sum -= log;
  return sum / static_cast<double>(count);
}

Status perplexity(const Arms& arms, const std::string& file, const Settings& settings) {
  LATFORMER_ASSIGN(
      Record record,
      Record::open(settings.csv,
                   "text,dtype,prompt,item,arm,speedup,achieved,loss_of_64,loss_of_all,tokens,ms,cache_bytes", 6));
  const std::string text = text_of(file);
  if (text.empty()) return invalid_argument("cannot read " + file);
  LATFORMER_ASSIGN(const std::vector<int32_t> ids, arms.encode(text));
  const std::string name = std::filesystem::path(file).stem().string();
  for (uint32_t item = 0; item < settings.count; ++item) {
    for (const uint32_t length : settings.prompts) {
      const size_t all = length + settings.tokens;
      if (ids.size() < all) return invalid_argument(file + " is too short");
      // Golden section: wherever a run ends, the prompts are spread over the text.
      const double place = std::fmod((item + 0.5) * 0.6180339887498949, 1.0);
      const auto first = static_cast<size_t>(place * static_cast<double>(ids.size() - all));
      const std::span<const int32_t> at = std::span(ids).subspan(first, all);
      for (const Run& run : runs_of(settings)) {
        const std::string key = formatted("%s,%s,%u,%u,%s,%g", name.c_str(), settings.dtype.c_str(), length, item,
                                          run.arm.c_str(), run.speedup);
        if (record.has(key)) continue;
        LATFORMER_ASSIGN(Read one, read(arms, run, at.first(length)));
        LATFORMER_ASSIGN(const std::vector<double> logs, one.reading.log_likelihoods(at.subspan(length)));
        LATFORMER_TRY(
            record.write(key + formatted(",%.3f,%.6f,%.6f,%zu,%.1f,%zu", one.achieved, loss_of(logs, 64),
                                         loss_of(logs, logs.size()), logs.size(), one.milliseconds, one.bytes)));
      }
    }
  }
  return {};
}

// ITEMS: lines of {"prompt": ..., "answers": [...], "right": index, "part": name}.
Status recall(const Arms& arms, const std::string& file, const Settings& settings) {
  LATFORMER_ASSIGN(
      Record record,
      Record::open(settings.csv, "text,dtype,item,arm,speedup,part,achieved,right,tokens,ms,cache_bytes", 5));
  const std::string text = text_of(file);
  if (text.empty()) return invalid_argument("cannot read " + file);
  const std::string name = std::filesystem::path(file).stem().string();
  std::string_view rest = text;
  for (uint32_t item = 0; !rest.empty() && item < settings.count; ++item) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("items", line));
    const JsonValue root = document.root();
    LATFORMER_ASSIGN(const std::string_view words, root["prompt"].string());
    LATFORMER_ASSIGN(const std::vector<int32_t> prompt, arms.encode(words));
    LATFORMER_ASSIGN(const JsonArray answers, root["answers"].array());
    LATFORMER_ASSIGN(const int64_t right, root["right"].integer(0, static_cast<int64_t>(answers.size()) - 1));
    LATFORMER_ASSIGN(const std::string_view part_name, root["part"].string());
    std::string part(part_name);
    std::ranges::replace(part, ',', ';');
    for (const Run& run : runs_of(settings)) {
      const std::string key =
          formatted("%s,%s,%u,%s,%g", name.c_str(), settings.dtype.c_str(), item, run.arm.c_str(), run.speedup);
      if (record.has(key)) continue;
      LATFORMER_ASSIGN(Read one, read(arms, run, prompt));
      double best = -1e30;
      int64_t chosen = 0, index = 0;
      for (const JsonValue answer : answers) {
        LATFORMER_ASSIGN(const std::string_view said, answer.string());
        LATFORMER_ASSIGN(const std::vector<int32_t> ids, arms.encode(said));
        LATFORMER_ASSIGN(const std::vector<double> logs, one.reading.log_likelihoods(ids));
        double sum = 0;
        for (const double log : logs) sum += log;
        if (sum > best) {
          best = sum;
          chosen = index;
        }
        ++index;
      }
      LATFORMER_TRY(record.write(key + formatted(",%s,%.3f,%d,%zu,%.1f,%zu", part.c_str(), one.achieved,
                                                 chosen == right ? 1 : 0, prompt.size(), one.milliseconds, one.bytes)));
    }
  }
  return {};
}

// Prompts of settings.prompts tokens, `count` rounds in which all arms take turns, and `tokens` tokens behind each.
Status speed(const Arms& arms, const Settings& settings) {
  LATFORMER_ASSIGN(
      Record record,
      Record::open(settings.csv,
                   "kernels,threads,dtype,prompt,item,arm,speedup,achieved,ms,tokens_per_second,cache_bytes", 7));
  std::string kernels(kernels::description());
  std::ranges::replace(kernels, ',', ';');
  for (uint32_t round = 0; round < settings.count; ++round) {
    for (const uint32_t length : settings.prompts) {
      std::vector<int32_t> ids(length);
      for (size_t i = 0; i < length; ++i) ids[i] = static_cast<int32_t>(i * 7919 % arms.model->facts().vocab_size);
      for (const Run& run : runs_of(settings)) {
        const std::string key =
            kernels + formatted(",%zu,%s,%u,%u,%s,%g", settings.load.threads, settings.dtype.c_str(), length, round,
                                run.arm.c_str(), run.speedup);
        if (record.has(key)) continue;
        PromptElimination how;
        const Clock::time_point begin = Clock::now();
        LATFORMER_ASSIGN(const PromptPlan plan, arms.plan(run.arm, ids, run.speedup, how));
        LATFORMER_ASSIGN(Sequence sequence,
                         arms.model->begin(static_cast<uint32_t>(plan.ids.size()), plan.counts, settings.tokens));
        const DecoderInput prompt{
            .ids = plan.ids, .positions = plan.positions, .counts = plan.counts, .sequence = &sequence};
        LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, arms.model->run({&prompt, 1}, how));
        const double first = milliseconds_since(begin);
        const Clock::time_point then = Clock::now();
        for (uint32_t i = 0; i < settings.tokens; ++i) {
          const int32_t token = argmax(outputs.front().logits);
          const DecoderInput next{.ids = {&token, 1}, .positions = {}, .counts = {}, .sequence = &sequence};
          LATFORMER_ASSIGN(outputs, arms.model->run({&next, 1}, how));
        }
        const double rate = settings.tokens > 0 ? 1000.0 * settings.tokens / milliseconds_since(then) : 0;
        LATFORMER_TRY(
            record.write(key + formatted(",%.3f,%.2f,%.2f,%zu", plan.achieved, first, rate, sequence.bytes())));
      }
    }
  }
  return {};
}

// Of one pass over the weights, such as a token makes: all but the embeddings that are looked up.
double weight_bytes(const DecoderFacts& facts, Precision precision) {
  const double d = facts.hidden_size;
  double count = static_cast<double>(facts.weight_count());
  if (facts.learned_positions) count -= facts.max_positions * d;
  if (facts.head_apart) count -= facts.vocab_size * d;
  return count * (precision == Precision::f32 ? 4 : precision == Precision::int8 ? 1 : 0.5 + 4.0 / 64);
}

Status roofline(const Arms& arms, const Settings& settings) {
  LATFORMER_ASSIGN(
      Record record,
      Record::open(settings.csv,
                   "kernels,dtype,prompt,item,gops,peak_gops,tokens_per_second,gb_per_second,read_gb_per_second", 4));
  std::string kernels(kernels::description());
  std::ranges::replace(kernels, ',', ';');
  const Precision precision = arms.model->precision();
  const double bytes = weight_bytes(arms.model->facts(), precision);
  constexpr double kLine = 64;
  LATFORMER_ASSIGN(Buffer<float> plain, Buffer<float>::allocate(static_cast<size_t>(bytes / kLine) * 16));
  std::ranges::fill(plain.span(), 1.0F);  // so that each page is one of its own
  for (uint32_t round = 0; round < settings.count; ++round) {
    for (const uint32_t length : settings.prompts) {
      const std::string key = kernels + formatted(",%s,%u,%u", settings.dtype.c_str(), length, round);
      if (record.has(key)) continue;
      std::vector<int32_t> ids(length);
      for (size_t i = 0; i < length; ++i) ids[i] = static_cast<int32_t>(i * 7919 % arms.model->facts().vocab_size);
      PromptElimination how;
      LATFORMER_ASSIGN(const PromptPlan plan, arms.plan("whole", ids, 1, how));
      LATFORMER_ASSIGN(Sequence sequence, arms.model->begin(length, {}, settings.tokens));
      const DecoderInput prompt{.ids = plan.ids, .positions = {}, .counts = {}, .sequence = &sequence};
      Clock::time_point begin = Clock::now();
      LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, arms.model->run({&prompt, 1}, how));
      const double gops = 2.0 * static_cast<double>(plan.macs) / milliseconds_since(begin) / 1e6;
      constexpr size_t kRounds = 100000;
      begin = Clock::now();
      const double operations = precision == Precision::f32 ? run_f32_peak(kRounds) : run_int8_peak(kRounds);
      const double peak = operations / milliseconds_since(begin) / 1e6;
      double behind = 0, read = 0;  // milliseconds, in turn
      for (uint32_t i = 0; i < settings.tokens; ++i) {
        const int32_t token = argmax(outputs.front().logits);
        const DecoderInput next{.ids = {&token, 1}, .positions = {}, .counts = {}, .sequence = &sequence};
        begin = Clock::now();
        LATFORMER_ASSIGN(outputs, arms.model->run({&next, 1}, how));
        behind += milliseconds_since(begin);
        begin = Clock::now();
        read_all(plain.size(), plain.data());
        read += milliseconds_since(begin);
      }
      const double of_tokens = settings.tokens / behind / 1e6 * bytes;
      LATFORMER_TRY(
          record.write(key + formatted(",%.2f,%.2f,%.2f,%.2f,%.2f", gops, peak, 1000.0 * settings.tokens / behind,
                                       of_tokens, settings.tokens / read / 1e6 * bytes)));
    }
  }
  return {};
}

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
  if (!(reads && argc > 3) && command != "speed" && command != "roofline") {
    return invalid_argument("usage: bench_decoders FOLDER generate|perplexity|recall|speed|roofline [FILE] [options]");
  }
  const std::span<char*> rest(argv + (reads ? 4 : 3), argv + argc);
  if (command == "generate") return generate(argv[1], std::span<char*>(argv + 3, argv + argc));
  LATFORMER_ASSIGN(const Settings settings, parse_settings(rest));
  LATFORMER_ASSIGN(const Arms arms, Arms::open(argv[1], settings));
  if (command == "perplexity") return perplexity(arms, argv[3], settings);
  if (command == "recall") return recall(arms, argv[3], settings);
  return command == "speed" ? speed(arms, settings) : roofline(arms, settings);
}

}  // namespace
}  // namespace latformer

int main(int argc, char** argv) {
  const latformer::Status status = latformer::run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "bench_decoders: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
