// Memory that runs out at every single allocation of a generator's load, prompts, tokens and calibration, once or from
// there on: the answer is out_of_memory, nothing leaks, and what was there before works on.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/tasks/generation.h"
#include "tests/unit/support/allocations.h"
#include "tests/unit/support/random_decoder.h"
#include "tests/unit/tasks/each_allocation.h"

namespace latformer {
namespace {

using testing::fail_each_allocation;

constexpr std::string_view kGpt2 = R"({"model_type": "gpt2", "vocab_size": 12, "n_positions": 48, "n_embd": 8,
  "n_layer": 2, "n_head": 2, "n_inner": 12, "eos_token_id": 0})";
constexpr std::string_view kLlama = R"({"model_type": "llama", "vocab_size": 12, "max_position_embeddings": 48,
  "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 12,
  "tie_word_embeddings": false, "eos_token_id": 0})";
constexpr std::string_view kProfile =
    R"({"version": 1, "retention": [0.6, 0.4], "dropped": "discard", "max_speedup": 3})";

struct Case {
  const char* name;
  std::string_view config;
  DType stored;
};

class GeneratorOutOfMemory : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!testing::can_fail_allocations()) GTEST_SKIP() << "allocations cannot be made to fail in this build";
    const DType stored = GetParam().stored;
    weights_ = testing::safetensors_of(testing::random_decoder(GetParam().config, 4, stored, true));
  }

  Result<Generator> load() {
    LATFORMER_ASSIGN(GeneratorLoader loader,
                     GeneratorLoader::create({.config_json = GetParam().config,
                                              .tokenizer_json = testing::kByteTokenizer,
                                              .generation_config_json = R"({"eos_token_id": [0]})",
                                              .profile_json = kProfile},
                                             {.clock = [this] { return now_ += 0.05; }}));
    const std::span<const std::byte> bytes = weights_;
    LATFORMER_TRY(loader.append(bytes.first(1000)));
    LATFORMER_TRY(loader.append(bytes.subspan(1000)));
    return loader.finish();
  }

  // All tokens of all texts.
  static Result<std::vector<int32_t>> tokens_of(Generator& generator, const GenerationOptions& options) {
    const std::vector<std::string_view> prompts{"ab a. ab b ab. ab ab a b ab ab ab a ab", "b ab"};
    LATFORMER_ASSIGN(Generation generation, generator.start(prompts, options));
    std::vector<int32_t> tokens;
    while (!generation.done()) {
      LATFORMER_ASSIGN(const std::vector<Piece> pieces, generation.next());
      for (const Piece& piece : pieces) tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    }
    return tokens;
  }

  double now_ = 0;
  std::vector<std::byte> weights_;
};

TEST_P(GeneratorOutOfMemory, WhileLoading) {
  {
    (void)load();
  }  // what the standard library keeps
  const size_t held = testing::heap_bytes();
  const size_t failures =
      fail_each_allocation([&] { return load().status(); }, [&] { EXPECT_EQ(testing::heap_bytes(), held); });
  EXPECT_GT(failures, 200U);
}

TEST_P(GeneratorOutOfMemory, WhileGenerating) {
  Generator calm = load().value();
  const GenerationOptions plain{.max_new_tokens = 4};
  const std::vector<int32_t> expected = tokens_of(calm, plain).value();
  const GenerationOptions all[] = {
      {.max_new_tokens = 3,
       .sampling = {.do_sample = true, .top_k = 4, .top_p = 0.9, .min_p = 0.01, .repetition_penalty = 1.2},
       .stop = {"bb", "a."},
       .context_limit = ContextLimit::slide},
      {.max_new_tokens = 3, .beams = {.num_beams = 2}, .speedup = 1},
      {.max_new_tokens = 2, .speedup = 2, .mode = PromptMode::layers},
      {.max_new_tokens = 2, .speedup = 2, .mode = PromptMode::sentences},
  };
  for (const GenerationOptions& options : all) {
    std::optional<Generator> generator;
    const auto renew = [&] { generator.emplace(load().value()); };
    renew();
    const size_t failures = fail_each_allocation([&] { return tokens_of(*generator, options).status(); },
                                                 [&] {
                                                   const auto again = tokens_of(*generator, plain);
                                                   ASSERT_TRUE(again.ok()) << again.status().message();
                                                   EXPECT_EQ(*again, expected);
                                                   renew();  // what was allocated the first time is kept
                                                 });
    EXPECT_GT(failures, 100U);
  }
}

TEST_P(GeneratorOutOfMemory, WhileCalibrating) {
  std::optional<Generator> generator;
  const auto renew = [&] { generator.emplace(load().value()); };
  renew();
  const GenerationOptions plain{.max_new_tokens = 4};
  const std::vector<int32_t> expected = tokens_of(*generator, plain).value();
  const size_t failures = fail_each_allocation([&] { return generator->calibrate(0, 3); },
                                               [&] {
                                                 EXPECT_EQ(tokens_of(*generator, plain).value(), expected);
                                                 renew();
                                               });
  EXPECT_GT(failures, 50U);
}

INSTANTIATE_TEST_SUITE_P(Of, GeneratorOutOfMemory,
                         ::testing::Values(Case{"Gpt2", kGpt2, DType::f32}, Case{"Gpt2Int8", kGpt2, DType::i8},
                                           Case{"LlamaF16", kLlama, DType::f16}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace latformer
