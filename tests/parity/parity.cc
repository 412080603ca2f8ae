#include "tests/parity/parity.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <ios>
#include <limits>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>

#include "core/format/json.h"

namespace latformer::parity {
namespace {

// The whole file; empty if there is none.
std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

Result<std::vector<double>> numbers(const JsonValue& value) {
  LATFORMER_ASSIGN(const JsonArray array, value.array());
  std::vector<double> result;
  for (const JsonValue element : array) {
    LATFORMER_ASSIGN(const double number, element.number());
    result.push_back(number);
  }
  return result;
}

template <class Integer>
Result<std::vector<Integer>> integers(const JsonValue& value) {
  LATFORMER_ASSIGN(const JsonArray array, value.array());
  std::vector<Integer> result;
  for (const JsonValue element : array) {
    LATFORMER_ASSIGN(const int64_t number, element.integer(0, std::numeric_limits<Integer>::max()));
    result.push_back(static_cast<Integer>(number));
  }
  return result;
}

// survived[i], in base 36, is the number of layers that kept token i.
std::vector<std::vector<uint32_t>> kept_positions(std::string_view survived, size_t layers) {
  std::vector<std::vector<uint32_t>> kept(layers);
  for (uint32_t position = 0; position < survived.size(); ++position) {
    const char digit = survived[position];
    const auto depth = static_cast<size_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    for (size_t layer = 0; layer < std::min(depth, layers); ++layer) kept[layer].push_back(position);
  }
  return kept;
}

Result<Run> read_run(const JsonValue& value) {
  Run run;
  LATFORMER_ASSIGN(run.speedup, value["speedup"].number());
  LATFORMER_ASSIGN(run.achieved, value["achieved"].number());
  LATFORMER_ASSIGN(const int64_t macs, value["macs"].integer(1, std::numeric_limits<int64_t>::max()));
  run.macs = static_cast<uint64_t>(macs);
  LATFORMER_ASSIGN(run.counts, integers<uint32_t>(value["counts"]));
  LATFORMER_ASSIGN(const std::string_view survived, value["survived"].string());
  run.kept_positions = kept_positions(survived, run.counts.size());
  LATFORMER_ASSIGN(run.logits, numbers(value["logits"]));
  LATFORMER_ASSIGN(run.scores, numbers(value["scores"]));
  return run;
}

// token_types: whether the model has token types; without, they are all 0.
Result<Case> read_case(const JsonValue& value, bool token_types) {
  Case result;
  LATFORMER_ASSIGN(result.text, value["text"].string());
  if (value["pair"].exists()) {
    LATFORMER_ASSIGN(result.pair, value["pair"].string());
  }
  LATFORMER_ASSIGN(result.ids, integers<int32_t>(value["ids"]));
  const auto tokens = static_cast<int64_t>(result.ids.size());
  LATFORMER_ASSIGN(const int64_t pair_begin, value["pair_begin"].integer(0, tokens));
  result.type_ids.resize(result.ids.size());
  if (token_types) std::fill(result.type_ids.begin() + pair_begin, result.type_ids.end(), 1);
  LATFORMER_ASSIGN(result.truncated, value["truncated"].boolean_or(false));
  LATFORMER_ASSIGN(const JsonArray runs, value["runs"].array());
  for (const JsonValue element : runs) {
    LATFORMER_ASSIGN(Run run, read_run(element));
    result.runs.push_back(std::move(run));
  }
  return result;
}

// The largest difference; infinite if there are not as many, or one is no number.
template <class Value>
double largest_difference(const std::vector<Value>& actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(actual[i] - expected[i]);
    if (!(difference <= largest)) largest = difference;
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
  }
  return largest;
}

template <class Value>
std::string listed(const std::vector<Value>& values) {
  std::ostringstream out;
  for (const Value& value : values) out << (&value == &values.front() ? "" : " ") << +value;
  return out.str();
}

// One text's answer against what is expected of it; differences go to the report.
class Comparison {
 public:
  Comparison(size_t case_index, const Case& expected, const Run& run, Report& report)
      : case_index_(case_index), case_(expected), run_(run), report_(report) {}

  void hold(const Classification& actual) {
    if (actual.windows.size() != 1)
      return fail("the text came back as " + std::to_string(actual.windows.size()) + " windows");
    const Trace& trace = actual.windows.front();
    Tally& tally = report_.by_speedup[run_.speedup];
    ++tally.runs;
    if (trace.encoding.ids != case_.ids) return fail("token ids are " + listed(trace.encoding.ids));
    if (trace.encoding.type_ids != case_.type_ids) return fail("type ids are " + listed(trace.encoding.type_ids));
    if (trace.encoding.truncated != case_.truncated) return fail("truncation is not reported as it was");
    if (trace.schedule.counts != run_.counts || trace.tokens_per_layer != run_.counts) {
      return fail("counts are " + listed(trace.schedule.counts) + " and " + listed(trace.tokens_per_layer) +
                  " ran, not " + listed(run_.counts));
    }
    if (trace.schedule.macs != run_.macs) return fail("MACs are " + std::to_string(trace.schedule.macs));
    if (!(std::abs(trace.schedule.achieved / run_.achieved - 1) <= kSpeedupTolerance)) {
      return fail("the achieved speedup is " + std::to_string(trace.schedule.achieved));
    }
    if (trace.kept_positions != run_.kept_positions) {
      report_.departures.push_back({case_index_, run_.speedup, trace.kept_positions, actual.logits});
      return;
    }
    ++tally.same_kept;
    const double logits = largest_difference(actual.logits, run_.logits);
    const double scores = largest_difference(actual.scores, run_.scores);
    tally.logit_difference = std::max(tally.logit_difference, logits);
    tally.score_difference = std::max(tally.score_difference, scores);
    if (!(logits <= kTolerance)) {
      return fail("logits are " + listed(actual.logits) + ", not " + listed(run_.logits));
    }
    if (!(scores <= kTolerance)) fail("scores are " + listed(actual.scores) + ", not " + listed(run_.scores));
  }

 private:
  void fail(const std::string& sentence) {
    std::ostringstream out;
    out << "case " << case_index_ << " (" << case_.ids.size() << " tokens) at speedup " << run_.speedup << ": "
        << sentence;
    report_.failures.push_back(out.str());
  }

  size_t case_index_;
  const Case& case_;
  const Run& run_;
  Report& report_;
};

}  // namespace

Result<Golden> read_golden(const std::string& path) {
  const std::string json = read_file(path);
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(path, json));
  const JsonValue root = document.root();
  Golden golden;
  LATFORMER_ASSIGN(golden.model, root["model"].string());
  LATFORMER_ASSIGN(const bool token_types, root["token_types"].boolean_or(true));
  LATFORMER_ASSIGN(golden.max_speedup, root["max_speedup"].number());
  LATFORMER_ASSIGN(golden.speedups, numbers(root["speedups"]));
  LATFORMER_ASSIGN(const JsonArray cases, root["cases"].array());
  for (const JsonValue element : cases) {
    LATFORMER_ASSIGN(Case entry, read_case(element, token_types));
    golden.cases.push_back(std::move(entry));
  }
  return golden;
}

Result<Classifier> load_classifier(const std::string& folder, Precision precision) {
  const std::string config = read_file(folder + "/config.json");
  const std::string tokenizer = read_file(folder + "/tokenizer.json");
  const std::string tokenizer_config = read_file(folder + "/tokenizer_config.json");
  const std::string vocabulary = read_file(folder + "/vocab.txt");
  const std::string profile = read_file(folder + "/profile.json");
  const ModelFiles files{.config_json = config,
                         .tokenizer_json = tokenizer,
                         .tokenizer_config_json = tokenizer_config,
                         .vocab_txt = vocabulary,
                         .profile_json = profile};
  LATFORMER_ASSIGN(ClassifierLoader loader, ClassifierLoader::create(files, {.threads = 1, .precision = precision}));
  std::ifstream file(folder + "/model.safetensors", std::ios::binary);
  std::vector<char> part(size_t{1} << 20);
  do {
    file.read(part.data(), static_cast<std::streamsize>(part.size()));
    const auto size = static_cast<size_t>(file.gcount());
    LATFORMER_TRY(loader.append(std::as_bytes(std::span(part.data(), size))));
  } while (file);
  return loader.finish();
}

Result<Report> compare(Classifier& classifier, const Golden& golden, Packing packing, size_t stride) {
  Report report;
  if (classifier.max_speedup() != golden.max_speedup) {
    report.failures.push_back("max_speedup is " + std::to_string(classifier.max_speedup()));
  }
  for (const double speedup : golden.speedups) {
    struct Item {
      size_t case_index;
      const Run* run;
    };
    std::vector<Item> items;
    std::vector<TextInput> inputs;
    for (size_t i = 0; i < golden.cases.size(); i += stride) {
      for (const Run& run : golden.cases[i].runs) {
        if (run.speedup != speedup) continue;
        items.push_back({i, &run});
        inputs.push_back({golden.cases[i].text, golden.cases[i].pair});
      }
    }
    const size_t at_once = packing == Packing::batch ? inputs.size() : 1;
    for (size_t begin = 0; begin < inputs.size(); begin += at_once) {
      const auto started = std::chrono::steady_clock::now();
      LATFORMER_ASSIGN(const std::vector<Classification> answers,
                       classifier.run(std::span(inputs).subspan(begin, at_once), {.speedup = speedup}));
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
      report.by_speedup[speedup].milliseconds += took.count();
      if (answers.size() != at_once) return internal_error("not as many answers as texts");
      for (size_t i = 0; i < answers.size(); ++i) {
        const auto [case_index, run] = items[begin + i];
        Comparison(case_index, golden.cases[case_index], *run, report).hold(answers[i]);
      }
    }
  }
  return report;
}

}  // namespace latformer::parity
