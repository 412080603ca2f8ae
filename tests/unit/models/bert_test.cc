#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/elimination/schedule.h"
#include "core/models/bert/classification_head.h"
#include "core/models/bert/cost.h"
#include "core/models/bert/model.h"
#include "core/models/bert/weights.h"
#include "tests/unit/models/reference_bert.h"
#include "tests/unit/support/random_bert.h"

namespace latformer {
namespace {

using testing::BertShape;
using testing::config_of;
using testing::NamedTensor;
using testing::random_bert;
using testing::reference_bert;
using testing::ReferenceOutput;
using testing::safetensors_of;

struct Text {
  std::vector<int32_t> ids;
  std::vector<uint8_t> type_ids;
  std::vector<uint32_t> counts;
  EncoderInput input() const { return {.ids = ids, .type_ids = type_ids, .counts = counts}; }
};

Bert load(const BertConfig& config, const std::vector<NamedTensor>& tensors) {
  BertLoader loader(config, ClassificationHead::create(config).value(), Precision::f32);
  const Status appended = loader.append(safetensors_of(tensors));
  EXPECT_TRUE(appended.ok()) << appended.message();
  return Bert::create(config, loader.finish().value(), Threads::create(1).value()).value();
}

Text random_text(const BertConfig& config, uint32_t tokens, uint32_t seed) {
  std::mt19937 random(seed);
  Text text;
  for (uint32_t i = 0; i < tokens; ++i) {
    text.ids.push_back(static_cast<int32_t>(random() % config.vocab_size));
    text.type_ids.push_back(static_cast<uint8_t>(i * config.type_vocab_size / tokens));
  }
  return text;
}

// A profile that lets go quickly, steadily, or in jumps between plateaus.
Profile random_profile(uint32_t layers, Dropped dropped, uint32_t seed) {
  std::mt19937 random(seed);
  Profile profile;
  profile.dropped = dropped;
  profile.max_speedup = 100;
  double retention = 1;
  for (uint32_t l = 0; l < layers; ++l) {
    if (random() % 3 != 0) retention *= 0.3 + 0.6 * static_cast<double>(random() % 1000) / 1000;
    profile.retention.push_back(retention);
  }
  return profile;
}

Scheduler scheduler_for(const BertConfig& config, const Profile& profile) { return {cost_of(config), profile}; }

std::vector<EncoderOutput> run(Bert& bert, const std::vector<Text>& texts, Dropped dropped) {
  std::vector<EncoderInput> inputs;
  for (const Text& text : texts) inputs.push_back(text.input());
  auto result = bert.run(inputs, dropped);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return std::move(result).value();
}

void expect_equal(const EncoderOutput& output, const ReferenceOutput& expected, double tolerance = 1e-4) {
  ASSERT_GT(expected.margin, 1e-6) << "a tie within rounding: choose another seed";
  EXPECT_EQ(output.kept_positions, expected.kept_positions);
  EXPECT_EQ(output.tokens_per_layer, expected.tokens_per_layer);
  ASSERT_EQ(output.result.size(), expected.logits.size());
  for (size_t i = 0; i < expected.logits.size(); ++i) EXPECT_NEAR(output.result[i], expected.logits[i], tolerance);
}

const BertShape kShapes[] = {
    {.layers = 1},
    {.layers = 2, .heads = 1, .head_size = 5, .intermediate_size = 7, .labels = 1},
    {.layers = 3, .heads = 3, .head_size = 7, .intermediate_size = 50, .types = 1, .labels = 5},
    {.layers = 4, .heads = 4, .head_size = 16, .intermediate_size = 96, .hidden_act = HiddenActivation::gelu_tanh},
    {.layers = 5, .heads = 2, .head_size = 32, .intermediate_size = 33, .hidden_act = HiddenActivation::relu},
    {.layers = 6, .heads = 12, .head_size = 4, .intermediate_size = 192, .labels = 150},
};
const double kSpeedups[] = {1, 1.3, 2, 3, 4.8, 50};
const uint32_t kLengths[] = {1, 2, 3, 4, 5, 17, 48};

class BertAgainstReference : public ::testing::TestWithParam<BertShape> {
 protected:
  void hold_at_every_speed(const std::vector<NamedTensor>& tensors) const {
    Bert bert = load(config_, tensors);
    for (const Dropped dropped : {Dropped::discard, Dropped::merge}) {
      for (const uint32_t seed : {1U, 2U}) {
        Scheduler scheduler = scheduler_for(config_, random_profile(config_.num_hidden_layers, dropped, seed));
        for (const double speedup : kSpeedups) {
          std::vector<Text> texts;  // all lengths in one batch
          for (const uint32_t tokens : kLengths) {
            texts.push_back(random_text(config_, tokens, seed * 1000 + tokens));
            texts.back().counts = scheduler.solve(tokens, speedup).counts;
          }
          const std::vector<EncoderOutput> outputs = run(bert, texts, dropped);
          for (size_t t = 0; t < texts.size(); ++t) {
            SCOPED_TRACE(::testing::Message() << kLengths[t] << " tokens, speedup " << speedup << ", seed " << seed
                                              << (dropped == Dropped::merge ? ", merge" : ", discard"));
            const Text& text = texts[t];
            expect_equal(outputs[t], reference_bert(config_, tensors, text.ids, text.type_ids, text.counts, dropped));
            EXPECT_EQ(outputs[t].tokens_per_layer, text.counts);
          }
        }
      }
    }
  }

  const BertConfig config_ = config_of(GetParam());
};

TEST_P(BertAgainstReference, AtEverySpeed) { hold_at_every_speed(random_bert(config_, 100 + GetParam().layers)); }

TEST_P(BertAgainstReference, AtEverySpeedWithScorers) {
  std::vector<NamedTensor> tensors = random_bert(config_, 200 + GetParam().layers);
  testing::add_scorers(config_, 300, tensors);
  hold_at_every_speed(tensors);
}

INSTANTIATE_TEST_SUITE_P(Shapes, BertAgainstReference, ::testing::ValuesIn(kShapes), [](const auto& info) {
  return "L" + std::to_string(info.param.layers) + "H" + std::to_string(info.param.heads) + "dh" +
         std::to_string(info.param.head_size);
});

TEST(Bert, ReadsEveryStoredType) {
  const BertConfig config = config_of({.layers = 3, .heads = 2, .head_size = 9, .intermediate_size = 31, .labels = 3});
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::i8}) {
    SCOPED_TRACE(name_of(dtype));
    const std::vector<NamedTensor> tensors = random_bert(config, 5, dtype);
    Bert bert = load(config, tensors);
    Text text = random_text(config, 30, 6);
    text.counts = {20, 7, 1};
    expect_equal(run(bert, {text}, Dropped::merge)[0],
                 reference_bert(config, tensors, text.ids, text.type_ids, text.counts, Dropped::merge));
  }
}

TEST(Bert, FoldsTheScaleOfAnyHeadSize) {
  for (const uint32_t head_size : {1U, 2U, 3U, 4U, 6U, 11U, 64U}) {
    SCOPED_TRACE(head_size);
    const BertConfig config = config_of({.layers = 2, .heads = 5, .head_size = head_size, .intermediate_size = 20});
    const std::vector<NamedTensor> tensors = random_bert(config, 9);
    Bert bert = load(config, tensors);
    Text text = random_text(config, 12, 3);
    text.counts = {5, 1};
    expect_equal(run(bert, {text}, Dropped::discard)[0],
                 reference_bert(config, tensors, text.ids, text.type_ids, text.counts, Dropped::discard));
  }
}

// A plateau before, between and behind the layers that drop: a rest row passes like any row where none is dropped.
TEST(Bert, PassesTheRestRowThroughPlateaus) {
  const BertConfig config = config_of({.layers = 6, .heads = 2, .head_size = 8});
  const std::vector<NamedTensor> tensors = random_bert(config, 12);
  Bert bert = load(config, tensors);
  for (const std::vector<uint32_t>& counts : std::vector<std::vector<uint32_t>>{{20, 12, 12, 7, 7, 1},
                                                                                {12, 12, 12, 12, 12, 1},
                                                                                {20, 20, 20, 20, 2, 1},
                                                                                {19, 18, 17, 3, 2, 1},
                                                                                {2, 2, 2, 2, 2, 1}}) {
    Text text = random_text(config, 20, 8);
    text.counts = counts;
    expect_equal(run(bert, {text}, Dropped::merge)[0],
                 reference_bert(config, tensors, text.ids, text.type_ids, counts, Dropped::merge));
  }
}

TEST(Bert, ABatchGivesWhatItsTextsGive) {
  const BertConfig config = config_of({.layers = 4, .heads = 3, .head_size = 8, .labels = 4});
  Bert bert = load(config, random_bert(config, 21));
  Scheduler scheduler = scheduler_for(config, random_profile(4, Dropped::merge, 3));
  std::vector<Text> texts;
  for (uint32_t i = 0; i < 25; ++i) {
    const uint32_t tokens = 2 + i * 37 % 90;
    texts.push_back(random_text(config, tokens, i));
    texts.back().counts = scheduler.solve(tokens, 1 + i % 5).counts;
  }
  const std::vector<EncoderOutput> together = run(bert, texts, Dropped::merge);
  for (size_t t = 0; t < texts.size(); ++t) {
    const EncoderOutput alone = run(bert, {texts[t]}, Dropped::merge)[0];
    EXPECT_EQ(together[t].kept_positions, alone.kept_positions);
    for (size_t i = 0; i < alone.result.size(); ++i) EXPECT_NEAR(together[t].result[i], alone.result[i], 2e-6);
  }
}

// Identical rows score alike in every layer; floats must not make a difference between them.
TEST(Bert, TiesGoToTheLowerPosition) {
  const BertConfig config = config_of({.layers = 2, .heads = 2, .head_size = 8});
  std::vector<NamedTensor> tensors = random_bert(config, 33);
  NamedTensor& positions = testing::find(tensors, "bert.embeddings.position_embeddings.weight");
  positions = testing::make_tensor(positions.name, DType::f32, positions.shape,
                                   std::vector<double>(positions.values.size(), 0));
  Bert bert = load(config, tensors);
  Text text{.ids = {1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}, .type_ids = std::vector<uint8_t>(13, 0), .counts = {6, 1}};
  EXPECT_EQ(run(bert, {text}, Dropped::discard)[0].kept_positions[0], (std::vector<uint32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(run(bert, {text}, Dropped::merge)[0].kept_positions[0], (std::vector<uint32_t>{0, 1, 2, 3, 4}));
}

TEST(Bert, RefusesWhatItHasNoEmbeddingFor) {
  const BertConfig config = config_of({.layers = 1, .vocab_size = 10, .positions = 8, .types = 1});
  Bert bert = load(config, random_bert(config, 1));
  const Text good{.ids = {1, 2, 3}, .type_ids = {0, 0, 0}, .counts = {1}};
  std::vector<Text> bad(5, good);
  bad[0].ids[1] = 10;
  bad[1].ids[1] = -1;
  bad[2].type_ids[2] = 1;
  bad[3].ids.assign(9, 1);
  bad[3].type_ids.assign(9, 0);
  bad[4].ids.clear();
  bad[4].type_ids.clear();
  const std::vector<float> before = run(bert, {good}, Dropped::merge)[0].result;
  for (const Text& text : bad) {
    const std::vector<EncoderInput> inputs{good.input(), text.input()};
    EXPECT_EQ(bert.run(inputs, Dropped::merge).status().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(run(bert, {good}, Dropped::merge)[0].result, before);
  }
  EXPECT_TRUE(run(bert, {}, Dropped::merge).empty());
}

TEST(Bert, SurvivesSumsThatAreNotNumbers) {
  const BertConfig config = config_of({.layers = 3});
  for (const double poison : {3e38, -3e38}) {  // whose squares are beyond the largest float
    std::vector<NamedTensor> tensors = random_bert(config, 2);
    NamedTensor& word = testing::find(tensors, "bert.embeddings.word_embeddings.weight");
    word.values[3 * config.hidden_size] = poison;
    word = testing::make_tensor(word.name, DType::f32, word.shape, word.values);
    Bert bert = load(config, tensors);
    Text text{.ids = {1, 2, 3, 4, 5, 6}, .type_ids = std::vector<uint8_t>(6, 0), .counts = {4, 3, 1}};
    for (const Dropped dropped : {Dropped::discard, Dropped::merge}) {
      const EncoderOutput output = run(bert, {text}, dropped)[0];
      EXPECT_EQ(output.tokens_per_layer, text.counts);
    }
    text.ids[2] = 7;  // without the poisoned word all is well again
    const EncoderOutput healthy = run(bert, {text}, Dropped::merge)[0];
    for (const float logit : healthy.result) EXPECT_TRUE(std::isfinite(logit));
  }
}

}  // namespace
}  // namespace latformer
