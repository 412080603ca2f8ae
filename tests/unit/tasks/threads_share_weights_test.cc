// Models that hold their weights together: whoever comes first reads the file, the others none of it, and all answer as
// a model of its own does. In several threads, ThreadSanitizer says that they do not race (preset tsan).
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/models/shared_weights.h"
#include "core/tasks/classification.h"
#include "core/tasks/generation.h"
#include "tests/unit/support/random_bert.h"
#include "tests/unit/support/random_decoder.h"

namespace latformer {
namespace {

constexpr std::string_view kVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n##a\n##b\n";
constexpr std::string_view kGpt2 = R"({"model_type": "gpt2", "vocab_size": 300, "n_positions": 64, "n_embd": 64,
  "n_layer": 2, "n_head": 4, "n_inner": 128, "eos_token_id": 0})";
constexpr std::string_view kLlama = R"({"model_type": "llama", "vocab_size": 300, "max_position_embeddings": 64,
  "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
  "intermediate_size": 96, "tie_word_embeddings": false, "eos_token_id": 0})";

// The share of a key, once nobody is loading it.
std::shared_ptr<WeightShare> wait_for(const std::string& key) {
  for (;;) {
    if (std::shared_ptr<WeightShare> share = WeightShare::join(key)) return share;
    std::this_thread::yield();
  }
}

// What `loader` makes, of the bytes unless somebody has read them.
template <class Loader>
auto filled(Loader loader, const std::vector<std::byte>& weights, const std::shared_ptr<WeightShare>& share) {
  const bool is_there = share != nullptr && share->ready() != nullptr;
  if (!is_there) EXPECT_TRUE(loader.append(weights).ok());
  auto made = loader.finish();
  EXPECT_TRUE(made.ok()) << made.status().message();
  return std::move(made).value();
}

struct Bert {
  BertConfig config = testing::config_of({.layers = 3, .heads = 4, .head_size = 16, .intermediate_size = 96});
  std::string json = testing::config_json(config);
  std::vector<std::byte> weights = testing::safetensors_of(testing::random_bert(config, 3));

  Classifier load(Precision precision, const std::shared_ptr<WeightShare>& share) const {
    const ModelFiles files{.config_json = json, .tokenizer_json = {}, .tokenizer_config_json = {}, .vocab_txt = kVocab};
    auto loader = ClassifierLoader::create(files, {.precision = precision, .share = share});
    EXPECT_TRUE(loader.ok()) << loader.status().message();
    return filled(std::move(loader).value(), weights, share);
  }
};

std::vector<float> logits_of(Classifier& classifier) {
  const std::vector<TextInput> inputs{{"a b c d ab ba a d c b a dd bad a b c", {}}, {"a", {}}, {"a b", "b c"}};
  std::vector<float> logits;
  for (const double speedup : {1.0, 2.0}) {
    for (const Classification& answer : classifier.run(inputs, {.speedup = speedup}).value()) {
      logits.insert(logits.end(), answer.logits.begin(), answer.logits.end());
    }
  }
  return logits;
}

struct Decoder {
  std::string_view config;
  std::vector<std::byte> weights;

  explicit Decoder(std::string_view json) : config(json) {
    weights = testing::safetensors_of(testing::random_decoder(json, 4));
  }

  Generator load(Precision precision, const std::shared_ptr<WeightShare>& share) const {
    auto loader = GeneratorLoader::create({.config_json = config, .tokenizer_json = testing::kByteTokenizer},
                                          {.precision = precision, .share = share});
    EXPECT_TRUE(loader.ok()) << loader.status().message();
    return filled(std::move(loader).value(), weights, share);
  }
};

std::vector<int32_t> tokens_of(Generator& generator) {
  const std::vector<std::string_view> prompts{"ab a. ab a. ab", "b"};
  auto generation = generator.start(prompts, {.max_new_tokens = 5, .ignore_end = true});
  std::vector<int32_t> tokens;
  while (generation.ok() && !generation->done()) {
    for (const Piece& piece : generation->next().value()) {
      tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    }
  }
  return tokens;
}

TEST(WeightShares, AreReadOnceAndFreedByTheLast) {
  std::shared_ptr<WeightShare> first = WeightShare::join("key");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->ready(), nullptr);
  EXPECT_EQ(WeightShare::join("key"), nullptr) << "it is being loaded";
  const std::shared_ptr<WeightShare> other = WeightShare::join("another key");
  EXPECT_NE(other, nullptr);
  first->publish({});
  std::shared_ptr<WeightShare> second = WeightShare::join("key");
  ASSERT_NE(second, nullptr);
  EXPECT_NE(second->ready(), nullptr);
  first.reset();
  EXPECT_NE(WeightShare::join("key")->ready(), nullptr) << "the second one has them";
  second.reset();
  EXPECT_EQ(WeightShare::join("key")->ready(), nullptr) << "nobody has them";
}

TEST(WeightShares, LeaveNothingBehindWhereALoadFails) {
  const Bert bert;
  {
    const std::shared_ptr<WeightShare> share = WeightShare::join("broken");
    const ModelFiles files{
        .config_json = bert.json, .tokenizer_json = {}, .tokenizer_config_json = {}, .vocab_txt = kVocab};
    ClassifierLoader loader = ClassifierLoader::create(files, {.share = share}).value();
    EXPECT_TRUE(loader.append(std::span(bert.weights).first(bert.weights.size() / 2)).ok());
    EXPECT_FALSE(loader.finish().ok());
    EXPECT_EQ(share->ready(), nullptr);
  }
  const std::shared_ptr<WeightShare> next = WeightShare::join("broken");
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->ready(), nullptr);
}

TEST(WeightShares, OfAnotherModelAreRefused) {
  const Bert bert;
  const std::shared_ptr<WeightShare> first = WeightShare::join("mixed up");
  bert.load(Precision::f32, first);
  const std::shared_ptr<WeightShare> second = WeightShare::join("mixed up");
  const auto loader =
      GeneratorLoader::create({.config_json = kGpt2, .tokenizer_json = testing::kByteTokenizer}, {.share = second});
  EXPECT_FALSE(loader.ok());
}

TEST(ThreadsThatShareWeights, AnswerAsOneAlone) {
  const Bert bert;
  for (const Precision precision : {Precision::f32, Precision::int8, Precision::int4}) {
    Classifier alone = bert.load(precision, nullptr);
    const std::vector<float> expected = logits_of(alone);
    std::vector<std::vector<float>> logits(4);
    std::vector<std::thread> users;
    users.reserve(logits.size());
    for (std::vector<float>& own : logits) {
      users.emplace_back([&] {
        for (int i = 0; i < 3; ++i) {  // they come and go
          const std::shared_ptr<WeightShare> share = wait_for("bert " + std::to_string(static_cast<int>(precision)));
          Classifier classifier = bert.load(precision, share);
          own = logits_of(classifier);
        }
      });
    }
    for (std::thread& user : users) user.join();
    for (const std::vector<float>& own : logits) EXPECT_EQ(own, expected);
  }
}

TEST(ThreadsThatShareWeights, GenerateAsOneAlone) {
  for (const std::string_view config : {kGpt2, kLlama}) {
    const Decoder decoder(config);
    for (const Precision precision : {Precision::f32, Precision::int8}) {
      Generator alone = decoder.load(precision, nullptr);
      const std::vector<int32_t> expected = tokens_of(alone);
      ASSERT_FALSE(expected.empty());
      const std::string key = std::string(config) + std::to_string(static_cast<int>(precision));
      std::vector<std::vector<int32_t>> tokens(3);
      std::vector<std::thread> users;
      users.reserve(tokens.size());
      for (std::vector<int32_t>& own : tokens) {
        users.emplace_back([&] {
          const std::shared_ptr<WeightShare> share = wait_for(key);
          Generator generator = decoder.load(precision, share);
          own = tokens_of(generator);
        });
      }
      for (std::thread& user : users) user.join();
      for (const std::vector<int32_t>& own : tokens) EXPECT_EQ(own, expected);
    }
  }
}

}  // namespace
}  // namespace latformer
