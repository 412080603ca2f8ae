// Threads of a generator, and generators side by side: the tokens are those of one thread, and ThreadSanitizer has
// nothing to say (preset tsan). Sizes are large enough that work is dealt out.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core/tasks/generation.h"
#include "tests/unit/support/random_decoder.h"

namespace latformer {
namespace {

constexpr std::string_view kGpt2 = R"({"model_type": "gpt2", "vocab_size": 300, "n_positions": 128, "n_embd": 128,
  "n_layer": 3, "n_head": 4, "n_inner": 512, "eos_token_id": 0})";
constexpr std::string_view kLlama = R"({"model_type": "llama", "vocab_size": 300, "max_position_embeddings": 128,
  "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
  "intermediate_size": 256, "tie_word_embeddings": true, "eos_token_id": 0})";
constexpr std::string_view kProfile =
    R"({"version": 1, "retention": [0.6, 0.4, 0.4], "dropped": "discard", "max_speedup": 3})";

Generator load(std::string_view config, DType stored, const LoadOptions& options) {
  const std::vector<std::byte> weights = testing::safetensors_of(testing::random_decoder(config, 4, stored));
  GeneratorLoader loader =
      GeneratorLoader::create(
          {.config_json = config, .tokenizer_json = testing::kByteTokenizer, .profile_json = kProfile}, options)
          .value();
  EXPECT_TRUE(loader.append(weights).ok());
  return loader.finish().value();
}

// Tokens of prompts of several lengths at several speeds, drawn and by beams.
std::vector<int32_t> tokens_of(Generator& generator) {
  std::string longer;
  for (int i = 0; i < 25; ++i) longer += "ab a. ";
  const std::vector<std::string_view> prompts{longer, "b", "ab ab."};
  const GenerationOptions all[] = {
      {.max_new_tokens = 6, .ignore_end = true},
      {.max_new_tokens = 4, .sampling = {.do_sample = true, .top_p = 0.9, .seed = 5}, .speedup = 2},
      {.max_new_tokens = 4, .speedup = 3, .mode = PromptMode::layers},
      {.max_new_tokens = 3, .beams = {.num_beams = 3}},
  };
  std::vector<int32_t> tokens;
  for (const GenerationOptions& options : all) {
    auto generation = generator.start(prompts, options);
    EXPECT_TRUE(generation.ok()) << generation.status().message();
    while (generation.ok() && !generation->done()) {
      const auto pieces = generation->next();
      EXPECT_TRUE(pieces.ok()) << pieces.status().message();
      if (!pieces.ok()) break;
      for (const Piece& piece : *pieces) tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    }
  }
  return tokens;
}

TEST(ThreadsOfAGenerator, ChangeNothing) {
  for (const std::string_view config : {kGpt2, kLlama}) {
    for (const DType stored : {DType::f32, DType::i8}) {
      Generator one = load(config, stored, {.threads = 1});
      const std::vector<int32_t> expected = tokens_of(one);
      EXPECT_GT(expected.size(), 30U);
      for (const size_t threads : {2, 3}) {
        Generator many = load(config, stored, {.threads = threads});
        EXPECT_EQ(tokens_of(many), expected) << threads << " threads";
      }
    }
  }
}

TEST(ThreadsOfAGenerator, CalibrateAndEnd) {
  Generator generator = load(kGpt2, DType::f32, {.threads = 3});
  EXPECT_TRUE(generator.calibrate(0, 5).ok());
  EXPECT_FALSE(tokens_of(generator).empty());
}

TEST(Generators, RunSideBySide) {
  Generator alone = load(kLlama, DType::f32, {});
  const std::vector<int32_t> expected = tokens_of(alone);
  std::vector<std::thread> users;
  std::vector<std::vector<int32_t>> tokens(3);
  for (size_t user = 0; user < tokens.size(); ++user) {
    users.emplace_back([&, user] {
      Generator own = load(kLlama, DType::f32, {.threads = 1 + user % 2});
      tokens[user] = tokens_of(own);
    });
  }
  for (std::thread& user : users) user.join();
  for (const std::vector<int32_t>& each : tokens) EXPECT_EQ(each, expected);
}

}  // namespace
}  // namespace latformer
