// Threads: one classifier's own, and classifiers side by side. What they compute is the same as alone; that they do not
// race, ThreadSanitizer says (preset tsan).
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core/tasks/classification.h"
#include "tests/unit/support/random_bert.h"

namespace latformer {
namespace {

constexpr std::string_view kVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n##a\n##b\n";
constexpr std::string_view kProfile =
    R"({"version": 1, "retention": [0.6, 0.4, 0.2], "dropped": "merge", "max_speedup": 5})";

Classifier load(DType stored, const LoadOptions& options) {
  const auto config = testing::config_of({.layers = 3, .heads = 4, .head_size = 32, .intermediate_size = 512});
  const std::string json = testing::config_json(config);
  ClassifierLoader loader = ClassifierLoader::create({.config_json = json,
                                                      .tokenizer_json = {},
                                                      .tokenizer_config_json = {},
                                                      .vocab_txt = kVocab,
                                                      .profile_json = kProfile},
                                                     options)
                                .value();
  const std::vector<std::byte> weights = testing::safetensors_of(testing::random_bert(config, 3, stored));
  EXPECT_TRUE(loader.append(weights).ok());
  return loader.finish().value();
}

// The logits of texts of several lengths at several speeds, one after another.
std::vector<float> answers_of(Classifier& classifier) {
  const std::string text = "a b c d ab ba e a d c b a dd cab bad a b c d ab ba e a d c b a dd cab bad a b c d";
  std::vector<float> logits;
  for (const double speedup : {1.0, 2.0, 5.0}) {
    const std::vector<TextInput> inputs{{text, {}}, {"a", {}}, {text, "b c"}};
    const auto answers = classifier.run(inputs, {.speedup = speedup});
    EXPECT_TRUE(answers.ok()) << answers.status().message();
    for (const Classification& answer : *answers)
      logits.insert(logits.end(), answer.logits.begin(), answer.logits.end());
  }
  return logits;
}

TEST(ThreadsOfAClassifier, ChangeNothing) {
  for (const DType stored : {DType::f32, DType::i8}) {
    for (const Precision precision : {Precision::f32, Precision::int8}) {
      Classifier one = load(stored, {.threads = 1, .precision = precision});
      const std::vector<float> expected = answers_of(one);
      for (const size_t threads : {2, 3}) {
        Classifier many = load(stored, {.threads = threads, .precision = precision});
        EXPECT_EQ(answers_of(many), expected) << threads << " threads";
      }
    }
  }
}

TEST(ThreadsOfAClassifier, CalibrateAndEnd) {
  for (int i = 0; i < 3; ++i) {
    Classifier classifier = load(DType::f32, {.threads = 3});
    EXPECT_TRUE(classifier.calibrate(0, 5).ok());
    EXPECT_FALSE(answers_of(classifier).empty());
  }
}

TEST(Classifiers, RunSideBySide) {
  Classifier alone = load(DType::f32, {});
  const std::vector<float> expected = answers_of(alone);
  std::vector<std::thread> users;
  std::vector<std::vector<float>> logits(4);
  for (size_t user = 0; user < logits.size(); ++user) {
    users.emplace_back([&, user] {
      Classifier own = load(DType::f32, {.threads = 1 + user % 2});
      logits[user] = answers_of(own);
    });
  }
  for (std::thread& user : users) user.join();
  for (const std::vector<float>& each : logits) EXPECT_EQ(each, expected);
}

}  // namespace
}  // namespace latformer
