#include "core/tasks/generation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/files/files.h"
#include "core/tasks/generation/sentences.h"
#include "core/tasks/generation/stop_strings.h"

namespace latformer {
namespace {

struct Folder {
  std::string config, tokenizer, tokenizer_config, generation_config, profile, weights;

  explicit Folder(const std::string& name) {
    const std::string folder = std::string(LATFORMER_SOURCE_DIR) + "/tests/parity/models/" + name;
    const auto text = [&](const char* file) {
      const Result<std::string> content = read_file(folder + "/" + file);
      return content.ok() ? *content : std::string();
    };
    config = text("config.json");
    tokenizer = text("tokenizer.json");
    tokenizer_config = text("tokenizer_config.json");
    weights = text("model.safetensors");
  }

  ModelFiles files() const {
    return {.config_json = config,
            .tokenizer_json = tokenizer,
            .tokenizer_config_json = tokenizer_config,
            .vocab_txt = {},
            .vocab_json = {},
            .merges_txt = {},
            .generation_config_json = generation_config,
            .profile_json = profile};
  }

  Result<Generator> open(const LoadOptions& options = {}) const {
    LATFORMER_ASSIGN(GeneratorLoader loader, GeneratorLoader::create(files(), options));
    for (size_t at = 0; at < weights.size(); at += 1000) {
      const auto part = std::as_bytes(std::span(weights)).subspan(at, std::min<size_t>(1000, weights.size() - at));
      LATFORMER_TRY(loader.append(part));
    }
    return loader.finish();
  }
};

struct Written {
  std::string text;
  std::vector<int32_t> tokens;
  Finish finish = Finish::length;
};

// All of the texts; each piece is whole UTF-8, which `text` then is as well.
std::vector<Written> finish(Generation& generation) {
  std::vector<Written> texts(generation.stats().size());
  while (!generation.done()) {
    const Result<std::vector<Piece>> pieces = generation.next();
    EXPECT_TRUE(pieces.ok()) << pieces.status().message();
    if (!pieces.ok()) break;
    for (const Piece& piece : *pieces) {
      Written& text = texts[piece.prompt];
      text.text += piece.text;
      text.tokens.insert(text.tokens.end(), piece.tokens.begin(), piece.tokens.end());
      if (piece.finish) text.finish = *piece.finish;
    }
  }
  return texts;
}

class GenerationTest : public testing::Test {
 protected:
  Written one(std::string_view prompt, const GenerationOptions& options, GenerationStats* stats = nullptr) {
    Result<Generation> generation = generator_.start({{prompt}}, options);
    EXPECT_TRUE(generation.ok()) << generation.status().message();
    if (!generation.ok()) return {};
    const Written text = finish(*generation).front();
    if (stats != nullptr) *stats = generation->stats().front();
    return text;
  }

  std::string complaint(std::string_view prompt, const GenerationOptions& options) {
    const Result<Generation> generation = generator_.start({{prompt}}, options);
    EXPECT_FALSE(generation.ok());
    if (generation.ok()) return {};
    EXPECT_EQ(generation.status().code(), ErrorCode::invalid_argument);
    return generation.status().message();
  }

  Folder folder_{"gpt2-tied-f32"};
  Generator generator_ = folder_.open().value();
};

constexpr std::string_view kPrompt =
    "It was the best of times. The old man had put the letter under the blue lamp. Nobody looked there. It was the "
    "age of wisdom. Where had the old man put the letter?";

TEST_F(GenerationTest, GreedyIsTheSameEveryTime) {
  GenerationStats stats;
  const Written text = one("It was", {.max_new_tokens = 20, .ignore_end = true}, &stats);
  EXPECT_EQ(text.tokens.size(), 20U);
  EXPECT_EQ(text.finish, Finish::length);
  EXPECT_EQ(text.text, generator_.tokenizer().decode(text.tokens, true));
  EXPECT_EQ(stats.new_tokens, 20U);
  EXPECT_EQ(stats.achieved_speedup, 1);
  EXPECT_GT(stats.cache_bytes, 0U);
  EXPECT_GT(stats.macs, 0U);
  EXPECT_EQ(stats.tokens_per_layer, std::vector<uint32_t>(3, stats.prompt_tokens));
  EXPECT_EQ(one("It was", {.max_new_tokens = 20, .ignore_end = true}).tokens, text.tokens);
}

TEST_F(GenerationTest, PromptsPackedGiveWhatEachGivesAlone) {
  const std::vector<std::string_view> prompts = {"It was", kPrompt, "x", "the age of"};
  for (const double speedup : {1.0, 3.0}) {
    GenerationOptions options{.max_new_tokens = 9, .ignore_end = true, .speedup = speedup, .mode = PromptMode::layers};
    options.sampling = {.do_sample = true, .temperature = 0.7, .seed = 3};
    Result<Generation> generation = generator_.start(prompts, options);
    ASSERT_TRUE(generation.ok());
    const std::vector<Written> together = finish(*generation);
    generation = Result<Generation>(Status(ErrorCode::cancelled, "over"));
    // Only the first text of a call draws from the first stream.
    EXPECT_EQ(one(prompts[0], options).tokens, together[0].tokens);
    options.sampling.do_sample = false;
    Result<Generation> greedy = generator_.start(prompts, options);
    ASSERT_TRUE(greedy.ok());
    const std::vector<Written> packed = finish(*greedy);
    greedy = Result<Generation>(Status(ErrorCode::cancelled, "over"));
    for (size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(one(prompts[i], options).tokens, packed[i].tokens) << i;
  }
}

TEST_F(GenerationTest, AnOldBeginningIsNotComputedAgainAndChangesNothing) {
  const GenerationOptions options{.max_new_tokens = 8, .ignore_end = true};
  const std::string longer = std::string(kPrompt) + " Nobody";
  const Written fresh = one(longer, options);
  generator_.forget();
  one(kPrompt, options);
  GenerationStats stats;
  EXPECT_EQ(one(longer, options, &stats).tokens, fresh.tokens);
  EXPECT_GT(stats.reused_tokens, stats.prompt_tokens / 2);
  EXPECT_EQ(one(longer, options, &stats).tokens, fresh.tokens);
  EXPECT_EQ(stats.reused_tokens, stats.prompt_tokens - 1);
  // Another text shares nothing; a shorter prompt calls for another plan.
  one("Quite another", options, &stats);
  EXPECT_EQ(stats.reused_tokens, 0U);
  GenerationOptions quick = options;
  quick.speedup = 2;
  one("Quite another", quick, &stats);
  EXPECT_EQ(stats.reused_tokens, 0U);
}

TEST_F(GenerationTest, SpeedupsAreKeptInEveryMode) {
  for (const PromptMode mode : {PromptMode::layers, PromptMode::sentences, PromptMode::cut}) {
    GenerationStats whole, quick;
    const Written plain = one(kPrompt, {.max_new_tokens = 4, .ignore_end = true}, &whole);
    const Written same = one(kPrompt, {.max_new_tokens = 4, .ignore_end = true, .speedup = 1, .mode = mode});
    EXPECT_EQ(plain.tokens, same.tokens);
    one(kPrompt, {.max_new_tokens = 4, .ignore_end = true, .speedup = 2.5, .mode = mode}, &quick);
    EXPECT_GE(quick.achieved_speedup, 2.5);
    EXPECT_LT(quick.achieved_speedup, 4);
    EXPECT_LT(static_cast<double>(quick.macs), static_cast<double>(whole.macs) / 2.5 + 1);
    EXPECT_LT(quick.tokens_per_layer.back(), whole.tokens_per_layer.back());
  }
}

TEST_F(GenerationTest, TextsEndBeforeAStopString) {
  const Written whole = one("It was", {.max_new_tokens = 30, .ignore_end = true});
  ASSERT_GT(whole.text.size(), 12U);
  size_t from = 5;
  while ((whole.text[from] & 0xC0) == 0x80 || (whole.text[from] & 0x80) != 0) ++from;
  const std::string stop = whole.text.substr(from, 3);
  const Written stopped = one("It was", {.max_new_tokens = 30, .stop = {"never there", stop}, .ignore_end = true});
  EXPECT_EQ(stopped.finish, Finish::stop);
  EXPECT_EQ(stopped.text, whole.text.substr(0, whole.text.find(stop)));
  EXPECT_LT(stopped.tokens.size(), whole.tokens.size());
  const Written beams =
      one("It was", {.max_new_tokens = 30, .beams = {.num_beams = 2}, .stop = {stop}, .ignore_end = true});
  EXPECT_EQ(beams.text.find(stop), std::string::npos);
}

TEST_F(GenerationTest, TheContextEndsOrSlides) {
  const uint32_t positions = generator_.max_tokens();
  GenerationStats stats;
  const Written ended = one(kPrompt, {.max_new_tokens = 1000000000, .ignore_end = true}, &stats);
  EXPECT_EQ(ended.finish, Finish::length);
  EXPECT_EQ(stats.prompt_tokens + ended.tokens.size(), positions + 1);
  const Written slid =
      one(kPrompt, {.max_new_tokens = 3 * positions, .ignore_end = true, .context_limit = ContextLimit::slide});
  EXPECT_EQ(slid.tokens.size(), 3 * positions);
  EXPECT_TRUE(std::equal(ended.tokens.begin(), ended.tokens.end(), slid.tokens.begin()));

  const std::string endless(5000, 'x');
  EXPECT_NE(complaint(endless, {}).find("positions"), std::string::npos);
  EXPECT_EQ(one(endless, {.max_new_tokens = 3, .ignore_end = true, .context_limit = ContextLimit::slide}).tokens.size(),
            3U);
}

TEST_F(GenerationTest, OneAtATimeAndCancelledByLettingGo) {
  {
    Result<Generation> first = generator_.start({{"It was"}}, {});
    ASSERT_TRUE(first.ok());
    EXPECT_NE(complaint("It was", {}).find("another text"), std::string::npos);
    ASSERT_TRUE(first->next().ok());
    EXPECT_FALSE(generator_.calibrate().ok());
  }
  {
    const Result<Generation> never_asked = generator_.start({{"It was"}}, {});
  }
  EXPECT_EQ(one("It was", {.max_new_tokens = 2, .ignore_end = true}).tokens.size(), 2U);
}

// So that a long prompt can be let go of in its middle.
TEST_F(GenerationTest, PromptsAreReadALayerACall) {
  const uint32_t layers = generator_.facts().num_layers;
  for (const uint32_t beams : {1U, 2U}) {
    for (const double speedup : {1.0, 2.0}) {
      const GenerationOptions options{
          .max_new_tokens = 3, .beams = {.num_beams = beams}, .speedup = speedup, .mode = PromptMode::layers};
      generator_.forget();
      const std::vector<int32_t> expected = one(kPrompt, options).tokens;
      for (uint32_t calls = 1; calls < layers; ++calls) {
        generator_.forget();
        Result<Generation> generation = generator_.start({{kPrompt}}, options);
        ASSERT_TRUE(generation.ok());
        for (uint32_t i = 0; i < calls; ++i) {
          EXPECT_TRUE(generation->next()->empty());
          EXPECT_EQ(generation->stats()[0].new_tokens, 0U);
        }
        if (calls % 2 == 0) continue;  // it is let go of here
        EXPECT_EQ(finish(*generation).front().tokens, expected);
      }
      EXPECT_EQ(one(kPrompt, options).tokens, expected);
    }
  }
}

TEST_F(GenerationTest, BadInput) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(complaint("", {}).find("empty"), std::string::npos);
  EXPECT_NE(complaint("x", {.max_new_tokens = 0}).find("max_new_tokens"), std::string::npos);
  EXPECT_NE(complaint("x", {.sampling = {.temperature = nan}}).find("temperature"), std::string::npos);
  EXPECT_NE(complaint("x", {.sampling = {.temperature = -1}}).find("temperature"), std::string::npos);
  EXPECT_NE(complaint("x", {.sampling = {.top_p = 0}}).find("top_p"), std::string::npos);
  EXPECT_NE(complaint("x", {.sampling = {.top_p = 2}}).find("top_p"), std::string::npos);
  EXPECT_NE(complaint("x", {.stop = {""}}).find("stop"), std::string::npos);
  EXPECT_NE(complaint("x", {.sampling = {.do_sample = true}, .beams = {.num_beams = 2}}).find("num_beams"),
            std::string::npos);
  EXPECT_NE(complaint("x", {.speedup = 0.5}).find("speedup"), std::string::npos);
  EXPECT_NE(complaint("x", {.speedup = nan}).find("speedup"), std::string::npos);
  EXPECT_NE(complaint("x", {.speedup = 1e9}).find("speedup"), std::string::npos);
  EXPECT_NE(complaint("x", {.budget = 5}).find("calibrated"), std::string::npos);
  EXPECT_FALSE(generator_.start({}, {}).ok());
  for (const int32_t id : {-1, 301, 1 << 30}) {
    const std::vector<std::vector<int32_t>> prompts = {{1, id}};
    const Result<Generation> generation = generator_.start_tokens(prompts, {});
    ASSERT_FALSE(generation.ok());
    EXPECT_NE(generation.status().message().find("vocabulary"), std::string::npos);
  }
  EXPECT_EQ(one("x", {.max_new_tokens = 1}).tokens.size(), 1U);  // it works on
}

TEST_F(GenerationTest, BudgetsAreMilliseconds) {
  ASSERT_TRUE(generator_.calibrate(0, 60).ok());
  ASSERT_TRUE(generator_.time_model().has_value());
  GenerationStats stats;
  one(kPrompt, {.max_new_tokens = 2, .ignore_end = true, .budget = 1e6}, &stats);
  EXPECT_EQ(stats.achieved_speedup, 1);
  one(kPrompt, {.max_new_tokens = 2, .ignore_end = true, .budget = 1e-6}, &stats);
  EXPECT_GT(stats.achieved_speedup, 1.5);
  EXPECT_NE(complaint("x", {.budget = -1}).find("budget"), std::string::npos);
}

TEST(GeneratorLoading, FoldersThatAreNone) {
  Folder bert("merge-f32");
  EXPECT_EQ(GeneratorLoader::create(bert.files()).status().code(), ErrorCode::unsupported_model);
  EXPECT_NE(GeneratorLoader::create(bert.files()).status().message().find("\"bert\""), std::string::npos);
  Folder folder("gpt2-tied-f32");
  folder.profile = R"({"version": 1, "retention": [1, 1, 1], "dropped": "merge", "max_speedup": 2})";
  EXPECT_EQ(GeneratorLoader::create(folder.files()).status().code(), ErrorCode::unsupported_model);
  folder.profile = R"({"version": 1, "retention": [1, 0.5, 0.5], "dropped": "discard", "max_speedup": 2,
                       "prompt": {"mode": "layers", "score": "largest_head", "tail_share": 0.25}})";
  const Result<Generator> generator = folder.open();
  ASSERT_TRUE(generator.ok());
  EXPECT_EQ(generator->profile().prompt.mode, PromptMode::layers);
  EXPECT_EQ(generator->profile().prompt.tail_share, 0.25);
  folder.profile = R"({"version": 1, "retention": [1, 0.5, 0.5], "dropped": "discard", "max_speedup": 2,
                       "prompt": {"mode": "layer"}})";
  EXPECT_NE(GeneratorLoader::create(folder.files()).status().message().find("prompt.mode"), std::string::npos);
  folder.profile.clear();
  folder.tokenizer.clear();
  EXPECT_FALSE(GeneratorLoader::create(folder.files()).ok());
  folder = Folder("gpt2-tied-f32");
  folder.weights.resize(folder.weights.size() / 2);
  EXPECT_EQ(folder.open().status().code(), ErrorCode::bad_model);
}

TEST(GeneratorLoading, TextsEndWhereTheFolderSays) {
  Folder folder("gpt2-tied-f32");
  EXPECT_EQ(folder.open()->end_tokens().size(), 1U);
  folder.generation_config = R"({"eos_token_id": [7, 9]})";
  EXPECT_EQ(folder.open()->end_tokens(), (std::vector<int32_t>{7, 9}));
  folder.generation_config = R"({"eos_token_id": 9999})";
  EXPECT_EQ(folder.open().status().code(), ErrorCode::bad_model);
}

TEST(StopStrings, HoldBackWhatMayBecomeOne) {
  StopStrings stops({"END", "\n\n"});
  EXPECT_EQ(stops.append("abcE"), "abc");
  EXPECT_EQ(stops.append("N"), "");
  EXPECT_EQ(stops.append("x\n"), "ENx");
  EXPECT_EQ(stops.append("y"), "\ny");
  EXPECT_EQ(stops.append("EEN"), "E");
  EXPECT_EQ(stops.append("Dz"), "");
  EXPECT_TRUE(stops.stopped());
  EXPECT_EQ(stops.append("more"), "");
  StopStrings open({"END"});
  EXPECT_EQ(open.append("EN"), "");
  EXPECT_EQ(open.finish(), "EN");
}

TEST(Sentences, ThoseLikeTheEndStay) {
  // Tokens are their own directions; 9 ends a sentence.
  const auto embedding = [](int32_t id, float* y) {
    std::fill_n(y, 10, 0.0F);
    y[id] = 1;
  };
  std::vector<bool> ends(10);
  ends[9] = true;
  const SentenceFinder finder(10, embedding, ends);
  const std::vector<int32_t> prompt = {0, 1, 2, 9, 3, 4, 9, 5, 6, 9, 3, 7};
  PromptElimination how;
  how.question = 2;
  how.tail_share = 0.25;
  EXPECT_EQ(finder.choose(prompt, 6, how), (std::vector<uint32_t>{0, 4, 5, 6, 10, 11}));
  for (uint32_t count = 2; count < prompt.size(); ++count) EXPECT_EQ(finder.choose(prompt, count, how).size(), count);
  EXPECT_TRUE(may_end_sentence("wise.\""));
  EXPECT_TRUE(may_end_sentence("\n"));
  EXPECT_FALSE(may_end_sentence("wise"));
  EXPECT_FALSE(may_end_sentence(" \""));
}

}  // namespace
}  // namespace latformer
