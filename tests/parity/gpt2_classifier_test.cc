// GPT2ForSequenceClassification against transformers, and against the reference where rows are dropped.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/files/files.h"
#include "core/format/json.h"
#include "core/tasks/classification.h"

namespace latformer {
namespace {

const std::string kParity = std::string(LATFORMER_SOURCE_DIR) + "/tests/parity";
constexpr double kTolerance = 1e-4;

struct Folder {
  std::string config, tokenizer, tokenizer_config, weights;

  Folder() {
    const std::string folder = kParity + "/models/gpt2-classifier/";
    config = read_file(folder + "config.json").value();
    tokenizer = read_file(folder + "tokenizer.json").value();
    tokenizer_config = read_file(folder + "tokenizer_config.json").value();
    weights = read_file(folder + "model.safetensors").value();
  }

  Result<Classifier> open(std::optional<Precision> precision = {}, std::string_view profile = {}) const {
    ModelFiles files;
    files.config_json = config;
    files.tokenizer_json = tokenizer;
    files.tokenizer_config_json = tokenizer_config;
    files.profile_json = profile;
    LoadOptions options;
    options.precision = precision;
    LATFORMER_ASSIGN(ClassifierLoader loader, ClassifierLoader::create(files, options));
    LATFORMER_TRY(loader.append(std::as_bytes(std::span(weights))));
    return loader.finish();
  }
};

template <class T>
std::vector<T> numbers(const JsonValue& value) {
  std::vector<T> result;
  for (const JsonValue element : value.array().value()) result.push_back(static_cast<T>(element.number().value()));
  return result;
}

void expect_near(std::span<const float> actual, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance);
}

TEST(Gpt2Classifier, AnswersAsTransformersDoes) {
  const std::string text = read_file(kParity + "/decoders/classifiers/gpt2-classifier.json").value();
  const JsonDocument golden = JsonDocument::parse("golden", text).value();
  Classifier exact = Folder().open().value();
  EXPECT_EQ(exact.config().labels, (std::vector<std::string>{"bad", "so-so", "good"}));
  std::vector<std::string> texts;
  std::vector<TextInput> inputs;
  std::vector<std::vector<double>> logits;
  for (const JsonValue one : golden.root()["cases"].array().value()) {
    texts.emplace_back(one["text"].string().value());
    logits.push_back(numbers<double>(one["logits"]));
    const std::string_view given = texts.back();
    const Classification answer = exact.run({{{given, {}}}}, {}).value().front();
    expect_near(answer.logits, logits.back(), kTolerance);
    expect_near(answer.scores, numbers<double>(one["scores"]), kTolerance);
    EXPECT_EQ(answer.windows.front().encoding.ids.size(), one["tokens"].number().value());
    for (const JsonValue run : one["runs"].array().value()) {
      const Classification quick = exact.run({{{given, {}}}}, {.speedup = run["speedup"].number().value()}).value()[0];
      const Trace& trace = quick.windows.front();
      EXPECT_EQ(trace.schedule.counts, numbers<uint32_t>(run["counts"]));
      EXPECT_EQ(trace.schedule.macs, run["macs"].number().value());
      std::vector<std::vector<uint32_t>> kept;
      for (const JsonValue layer : run["kept"].array().value()) kept.push_back(numbers<uint32_t>(layer));
      EXPECT_EQ(trace.kept_positions, kept);
      expect_near(quick.scores, numbers<double>(run["scores"]), kTolerance);
    }
  }
  for (const std::string& each : texts) inputs.push_back({each, {}});
  for (const Precision precision : {Precision::f32, Precision::int8, Precision::int4}) {
    Classifier classifier = Folder().open(precision).value();
    EXPECT_EQ(classifier.precision(), precision);
    const std::vector<Classification> together = classifier.run(inputs, {}).value();
    for (size_t i = 0; i < inputs.size(); ++i) {
      expect_near(together[i].logits, logits[i],
                  precision == Precision::f32    ? kTolerance
                  : precision == Precision::int8 ? 0.2
                                                 : 1.5);
      EXPECT_EQ(classifier.run({&inputs[i], 1}, {}).value()[0].logits, together[i].logits);
    }
  }
}

TEST(Gpt2Classifier, WhatItDoesNotTake) {
  Classifier classifier = Folder().open().value();
  const TextInput empty{"", {}};
  EXPECT_EQ(classifier.run({&empty, 1}, {}).status().code(), ErrorCode::invalid_argument);
  const TextInput pair{"It was", "the age"};
  const TextInput both{"It wasthe age", {}};
  EXPECT_TRUE(classifier.run({&pair, 1}, {}).ok());
  EXPECT_TRUE(classifier.run({&both, 1}, {.long_text = LongText::windows}).ok());
  EXPECT_TRUE(classifier.calibrate(0, 30).ok());

  Folder folder;
  const size_t at = folder.weights.find("score.weight");
  folder.weights[at] = 'S';
  const Status headless = folder.open().status();
  EXPECT_EQ(headless.code(), ErrorCode::unsupported_model);
  EXPECT_NE(headless.message().find("score.weight"), std::string::npos);
  folder = Folder();
  EXPECT_EQ(folder.open({}, R"({"version": 1, "retention": [1, 1, 1], "dropped": "merge", "max_speedup": 2})")
                .status()
                .code(),
            ErrorCode::unsupported_model);
  folder.config.replace(folder.config.find("GPT2ForSequenceClassification"), 29, "GPT2LMHeadModel");
  EXPECT_EQ(folder.open().status().code(), ErrorCode::unsupported_model);
}

}  // namespace
}  // namespace latformer
