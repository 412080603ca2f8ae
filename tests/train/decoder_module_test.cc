// The decoder that learns against the decoder that runs: the same weights give the same logits and keep the same
// tokens, of a prompt and of what follows it. And what trains it: windows, losses, a run that is stopped and resumed.
#include "core/train/modules/decoder_module.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/elimination/prompt.h"
#include "core/elimination/schedule.h"
#include "core/files/files.h"
#include "core/models/decoders.h"
#include "core/train/data/windows.h"
#include "core/train/modules/decoder_folder.h"
#include "core/train/modules/torch.h"
#include "core/train/run/language.h"

namespace latformer::train {
namespace {

namespace fs = std::filesystem;

constexpr int kLetters = 26;

// A folder of tests/parity/models with a tokenizer: a token for each letter.
class DecoderTrainTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::string name = "latformer-decoder-" + test;
    std::replace(name.begin(), name.end(), '/', '-');
    root_ = fs::temp_directory_path() / name;
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path folder_of(const std::string& model, bool with_weights = true) {
    const fs::path source = fs::path(__FILE__).parent_path().parent_path() / "parity" / "models" / model;
    const fs::path folder = root_ / model;
    fs::create_directories(folder);
    fs::copy_file(source / "config.json", folder / "config.json");
    if (with_weights) fs::copy_file(source / "model.safetensors", folder / "model.safetensors");
    std::string vocabulary;
    for (int i = 0; i < kLetters; ++i) {
      vocabulary += std::string(i == 0 ? "{" : ", ") + "\"" + static_cast<char>('a' + i) + "\": " + std::to_string(i);
    }
    EXPECT_TRUE(write_file(folder / "vocab.json", vocabulary + ", \"\\u0120\": 26, \"\\u010a\": 27}").ok());
    EXPECT_TRUE(write_file(folder / "merges.txt", "#version: 0.2\n").ok());
    EXPECT_TRUE(write_file(folder / "tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})").ok());
    return folder;
  }

  fs::path root_;
};

TokenText text_of(size_t n, uint32_t seed) {
  TokenText text;
  for (size_t i = 0; i < n; ++i) text.ids.push_back(static_cast<int32_t>((seed * 7919 + i * i * 31 + i * 17) % 60));
  return text;
}

TEST_P(DecoderTrainTest, LogitsAndKeptTokensAreThoseOfTheCore) {
  const DecoderFolder folder = DecoderFolder::open(folder_of(GetParam())).value();
  const std::string config = read_file(folder.path / "config.json").value();
  const std::string weights = read_file(folder.path / "model.safetensors").value();
  std::unique_ptr<DecoderLoader> loader = open_decoder(config, Precision::f32).value();
  ASSERT_TRUE(loader->append(std::as_bytes(std::span(weights))).ok());
  const std::unique_ptr<DecoderModel> engine = loader->finish(Threads()).value();
  const uint32_t layers = engine->facts().num_layers;
  constexpr uint32_t kTokens = 44, kPrompt = 36;

  for (const PromptScore score : {PromptScore::contrast, PromptScore::largest_head, PromptScore::mean,
                                  PromptScore::learned, PromptScore::recent}) {
    const PromptElimination how{
        .mode = PromptMode::layers, .score = score, .tail_share = 0.4, .window = 5, .before = 9, .smooth = 3};
    const auto module = DecoderModule::create(folder.config, how, folder.weights(1, false).value()).value();
    Profile profile = default_decoder_profile(layers);
    profile.prompt = how;
    Scheduler scheduler(module->config().cost, profile);
    const TokenText a = text_of(kTokens, 3), b = text_of(kTokens, 8);
    const std::vector<const TokenText*> texts = {&a, &b};
    for (const double speedup : {1.0, 1.7, 3.0}) {
      const std::vector<uint32_t> counts = scheduler.solve(kPrompt, speedup).counts;
      const std::vector<std::vector<uint32_t>> both = {counts, counts};
      ForwardOptions options{.prompt = kPrompt};
      options.first_logits = kPrompt - 1;
      const torch::NoGradGuard no_gradients;
      const ForwardOutput ours = module->forward(texts, both, options);
      const torch::Tensor logits = ours.logits.view({2, kTokens - kPrompt + 1, -1});
      for (int64_t t = 0; t < 2; ++t) {
        const std::span<const int32_t> ids = texts[static_cast<size_t>(t)]->ids;
        Sequence sequence = engine->begin(kTokens).value();
        const DecoderInput prompt{.ids = ids.first(kPrompt), .positions = {}, .counts = counts, .sequence = &sequence};
        const std::vector<DecoderOutput> first = engine->run({&prompt, 1}, how).value();
        EXPECT_EQ(ours.kept_positions[static_cast<size_t>(t)], first[0].kept_positions) << name_of(score);
        const DecoderInput rest{.ids = ids.subspan(kPrompt), .positions = {}, .counts = {}, .sequence = &sequence};
        const std::vector<DecoderOutput> behind = engine->run({&rest, 1}, how, Last::all_rows).value();
        std::vector<float> theirs = first[0].logits;
        theirs.insert(theirs.end(), behind[0].logits.begin(), behind[0].logits.end());
        const torch::Tensor mine = logits[t].contiguous();
        ASSERT_EQ(static_cast<size_t>(mine.numel()), theirs.size());
        for (size_t i = 0; i < theirs.size(); ++i) {
          ASSERT_NEAR(mine.data_ptr<float>()[i], theirs[i], 1e-3 * std::max(1.0F, std::abs(theirs[i])))
              << name_of(score) << " at " << speedup;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, DecoderTrainTest,
                         testing::Values("gpt2-scorer", "gpt2-untied-f16", "llama-scorer", "llama-grouped",
                                         "llama-biased-bf16"));

using DecoderTraining = DecoderTrainTest;

TEST_F(DecoderTraining, ScorersAloneLearnFromAttention) {
  const DecoderFolder folder = DecoderFolder::open(folder_of("gpt2-untied-f16")).value();
  const PromptElimination how{.mode = PromptMode::layers, .window = 4, .before = 8};
  const auto module = DecoderModule::create(folder.config, how, folder.weights(1, true).value()).value();
  const TokenText text = text_of(40, 5);
  const TokenText* pointer = &text;
  const std::vector<uint32_t> counts = whole_counts(module->config().cost, 30);
  ForwardOptions options{.attribution = true, .prompt = 30};
  const ForwardOutput output = module->forward({&pointer, 1}, {&counts, 1}, options);
  EXPECT_EQ(output.logits.size(0), 40);
  ASSERT_EQ(output.scores.size(), 3U);
  ASSERT_EQ(output.attention.size(), 4U);
  for (const torch::Tensor& attention : output.attention) EXPECT_LE(attention.sum().item<float>(), 1.001F);
  const torch::Tensor loss = attention_loss(output.scores, output.attention);
  EXPECT_GT(loss.item<float>(), 0);
  loss.backward();
  for (const auto& [name, weight] : module->weights()) EXPECT_EQ(weight.grad().defined(), is_scorer(name)) << name;
}

TEST_F(DecoderTraining, WindowsHaveEachTokenOnceInAnEpoch) {
  const DecoderFolder folder = DecoderFolder::open(folder_of("gpt2-untied-f16")).value();
  std::string text;
  uint32_t state = 1;  // of letters that do not come again in the same order
  for (int i = 0; i < 500; ++i)
    text += static_cast<char>('a' + (state = state * 1103515245 + 12345) / 65536 % kLetters);
  ASSERT_TRUE(write_file(root_ / "text.txt", text).ok());
  Windows windows = Windows::read({root_ / "text.txt"}, folder.tokenizer, 16).value();
  EXPECT_EQ(windows.tokens(), 500U);
  std::vector<std::vector<int32_t>> first;
  for (uint64_t i = 0; i < windows.in_epoch(); ++i) first.push_back(windows.at(i, 7));
  Windows again = Windows::read({root_ / "text.txt"}, folder.tokenizer, 16).value();
  EXPECT_NE(again.at(windows.in_epoch(), 7), first[0]);  // another epoch, another order
  EXPECT_EQ(again.at(3, 7), first[3]);
  std::sort(first.begin(), first.end());
  EXPECT_EQ(std::unique(first.begin(), first.end()), first.end());
  ASSERT_TRUE(write_file(root_ / "latin.txt", "caf\xE9\n").ok());
  EXPECT_NE(Windows::read({root_ / "latin.txt"}, folder.tokenizer, 16).status().message().find("UTF-8"),
            std::string::npos);
}

// From nothing, with scorers and pruned prompts; stopped in the middle and resumed, the same bits.
TEST_F(DecoderTraining, LearnsAndResumes) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::string("abcde fghij\n").substr(static_cast<size_t>(i % 12), 1);
  ASSERT_TRUE(write_file(root_ / "text.txt", text).ok());
  LanguageOptions options;
  options.model = folder_of("gpt2-scorer", false);
  options.data = options.valid = {root_ / "text.txt"};
  options.steps = 30;
  options.batch = 4;
  options.length = 32;
  options.learning_rate = 1e-2;
  options.max_speedup = 3;
  options.layer = 1;
  options.scorers = true;
  options.elimination = {.mode = PromptMode::layers, .window = 4, .before = 8, .smooth = 3};
  options.evaluate_every = 15;
  options.evaluate_windows = 4;
  options.bf16 = false;
  std::vector<std::string> lines;
  const auto say = [&](const std::string& line) { lines.push_back(line); };
  const bool never = false;
  options.work = root_ / "work";
  options.target = root_ / "whole";
  Status status = train_language(options, say, never);
  ASSERT_TRUE(status.ok()) << status.message();
  double before = 0, behind = 0;
  for (const std::string& line : lines) {
    std::sscanf(line.c_str(), "step 15: perplexity %lf", &before);
    std::sscanf(line.c_str(), "step 30: perplexity %lf", &behind);
  }
  EXPECT_LT(behind, before);
  EXPECT_LT(behind, 20);
  const Profile profile = DecoderFolder::open(options.target)->profile.value();
  EXPECT_EQ(profile.prompt.mode, PromptMode::layers);
  EXPECT_EQ(profile.prompt.window, 4U);
  EXPECT_EQ(profile.max_speedup, 3);

  const bool at_once = true;
  options.work = root_ / "parts";
  options.target = root_ / "resumed";
  for (int part = 0; part < 4; ++part) {
    options.resume = part > 0;
    EXPECT_EQ(train_language(options, say, at_once).code(), ErrorCode::cancelled);
  }
  status = train_language(options, say, never);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(read_file(root_ / "resumed" / "model.safetensors").value(),
            read_file(root_ / "whole" / "model.safetensors").value());
  options.learning_rate = 1e-3;
  options.force = true;
  EXPECT_NE(train_language(options, say, never).message().find("learning rate"), std::string::npos);
}

}  // namespace
}  // namespace latformer::train
