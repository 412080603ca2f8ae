// The model that learns against the model that runs: the same weights give the same logits and keep the same words.
#include "core/train/modules/bert_module.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "core/elimination/schedule.h"
#include "core/models/bert/classification_head.h"
#include "core/models/bert/cost.h"
#include "core/models/bert/model.h"
#include "core/models/bert/weights.h"
#include "core/train/modules/torch.h"
#include "core/train/run/losses.h"
#include "tests/unit/support/random_bert.h"

namespace latformer::train {
namespace {

using testing::BertShape;
using testing::NamedTensor;

std::map<std::string, torch::Tensor> weights_of(const std::vector<NamedTensor>& tensors) {
  std::map<std::string, torch::Tensor> weights;
  for (const NamedTensor& tensor : tensors) {
    const std::string name = tensor.name.starts_with("bert.") ? tensor.name.substr(5) : tensor.name;
    const std::vector<int64_t> shape(tensor.shape.begin(), tensor.shape.end());
    weights[name] = torch::tensor(tensor.values, torch::kDouble).view(shape).to(torch::kFloat);
  }
  return weights;
}

Bert bert_of(const BertConfig& config, const std::vector<NamedTensor>& tensors) {
  BertLoader loader(config, ClassificationHead::create(config).value());
  EXPECT_TRUE(loader.append(testing::safetensors_of(tensors)).ok());
  auto weights = loader.finish();
  EXPECT_TRUE(weights.ok()) << weights.status().message();
  return Bert::create(config, std::move(weights).value(), Threads{}).value();
}

TokenText random_text(size_t n, uint32_t vocabulary, uint32_t seed) {
  TokenText text;
  for (size_t i = 0; i < n; ++i) {
    text.ids.push_back(static_cast<int32_t>((seed * 7919 + i * i * 31 + i * 17) % vocabulary));
    text.type_ids.push_back(i > n / 2 ? 1 : 0);
    text.is_special.push_back(i == 0 || i + 1 == n ? 1 : 0);
  }
  return text;
}

class SameModel : public ::testing::TestWithParam<std::tuple<Dropped, HiddenActivation, bool>> {};

TEST_P(SameModel, LogitsAndKeptPositionsAreThoseOfTheCore) {
  const auto [dropped, activation, with_scorers] = GetParam();
  const BertConfig config =
      testing::config_of({.layers = 5, .heads = 4, .head_size = 8, .labels = 3, .hidden_act = activation});
  std::vector<NamedTensor> tensors = testing::random_bert(config, 11);
  if (with_scorers) testing::add_scorers(config, 12, tensors);
  const BertModule module(config, weights_of(tensors));
  Bert bert = bert_of(config, tensors);
  Profile profile = default_profile(config.num_hidden_layers);
  profile.dropped = dropped;
  Scheduler scheduler(cost_of(config), profile);

  std::vector<TokenText> texts;
  for (const uint32_t n : {1, 2, 3, 9, 40, 41, 41, 77}) texts.push_back(random_text(n, config.vocab_size, n));
  for (const double speedup : {1.0, 1.5, 2.0, 3.0, 6.0}) {
    std::vector<std::vector<uint32_t>> counts;
    std::vector<const TokenText*> pointers;
    for (const TokenText& text : texts) {
      counts.push_back(scheduler.solve(static_cast<uint32_t>(text.ids.size()), speedup).counts);
      pointers.push_back(&text);
    }
    const ForwardOutput ours = module.forward(pointers, counts, {.dropped = dropped});
    std::vector<EncoderInput> inputs;
    for (size_t t = 0; t < texts.size(); ++t) inputs.push_back({texts[t].ids, texts[t].type_ids, counts[t]});
    const std::vector<EncoderOutput> theirs = bert.run(inputs, dropped).value();
    for (size_t t = 0; t < texts.size(); ++t) {
      EXPECT_EQ(ours.kept_positions[t], theirs[t].kept_positions) << "speedup " << speedup << ", text " << t;
      for (size_t k = 0; k < config.num_labels(); ++k) {
        EXPECT_NEAR(ours.logits.index({static_cast<int64_t>(t), static_cast<int64_t>(k)}).item<float>(),
                    theirs[t].result[k], 1e-4)
            << "speedup " << speedup << ", text " << t;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, SameModel,
                         ::testing::Combine(::testing::Values(Dropped::merge, Dropped::discard),
                                            ::testing::Values(HiddenActivation::gelu, HiddenActivation::gelu_tanh,
                                                              HiddenActivation::relu),
                                            ::testing::Bool()));

TEST(BertModule, GradientsAreThoseOfFiniteDifferences) {
  const BertConfig config = testing::config_of({.layers = 3, .heads = 2, .head_size = 4, .intermediate_size = 16});
  BertModule module(config, weights_of(testing::random_bert(config, 5)));
  const TokenText a = random_text(12, config.vocab_size, 3), b = random_text(7, config.vocab_size, 4);
  const std::vector<const TokenText*> texts = {&a, &b};
  const std::vector<std::vector<uint32_t>> counts = {{12, 6, 1}, {7, 4, 1}};  // fixed by scores: see below
  const auto loss = [&] { return module.forward(texts, counts, {}).logits.pow(2).sum(); };
  loss().backward();
  // Weights behind the last selection do not move what is selected, so differences see the same function.
  for (const std::string name : {"encoder.layer.2.attention.self.key.weight", "encoder.layer.1.output.dense.weight",
                                 "encoder.layer.1.intermediate.dense.bias", "pooler.dense.weight"}) {
    torch::Tensor& weight = module.weights().at(name);
    const int64_t at = weight.numel() / 3;
    const float slope = weight.grad().view(-1)[at].item<float>();
    torch::NoGradGuard no_gradients;
    constexpr float kStep = 1e-2F;
    weight.view(-1)[at] += kStep;
    const float above = loss().item<float>();
    weight.view(-1)[at] -= 2 * kStep;
    const float below = loss().item<float>();
    weight.view(-1)[at] += kStep;
    EXPECT_NEAR(slope, (above - below) / (2 * kStep), 2e-2 * std::max(1.0F, std::abs(slope))) << name;
  }
}

TEST(BertModule, AttributesToWordsAndTeachesScorersAlone) {
  const BertConfig config = testing::config_of({.layers = 3, .heads = 2, .head_size = 4, .intermediate_size = 16});
  std::vector<NamedTensor> tensors = testing::random_bert(config, 5);
  testing::add_scorers(config, 6, tensors);
  BertModule module(config, weights_of(tensors));
  const TokenText a = random_text(12, config.vocab_size, 3), b = random_text(7, config.vocab_size, 4);
  const std::vector<const TokenText*> texts = {&a, &b};
  const std::vector<std::vector<uint32_t>> counts = {{12, 12, 1}, {7, 7, 1}};
  const ForwardOutput output = module.forward(texts, counts, {.attribution = true});
  ASSERT_EQ(output.biases.size(), 3U);
  ASSERT_EQ(output.scores.size(), 2U);
  const auto gradients = torch::autograd::grad({output.logits.pow(2).sum()}, output.biases, {}, true);
  // Raising attention towards every word alike changes nothing.
  for (const torch::Tensor& gradient : gradients) {
    EXPECT_LT(gradient.sum(-1).abs().max().item<float>(), 1e-4F * gradient.abs().max().item<float>());
  }
  EXPECT_EQ(gradients[0][1][0][0][7].item<float>(), 0);  // behind the end of the shorter text
  output.scores[0].sum().backward();
  for (const auto& [name, weight] : module.weights()) {
    EXPECT_EQ(weight.grad().defined(), name == "encoder.layer.0.attention.scorer.weight") << name;
  }
}

// bfloat16 has 8 bits of precision: logits and gradients differ by little, in no direction of their own.
TEST(BertModule, ComputesInHalfPrecisionNearly) {
  const BertConfig config = testing::config_of({.layers = 3, .heads = 4, .head_size = 8, .labels = 3});
  const std::vector<TokenText> texts = {random_text(12, config.vocab_size, 1), random_text(7, config.vocab_size, 2)};
  const std::vector<const TokenText*> both = {&texts[0], &texts[1]};
  const std::vector<std::vector<uint32_t>> counts = {{12, 12, 1}, {7, 7, 1}};
  torch::Tensor logits[2], gradient[2];
  for (const bool half : {false, true}) {
    BertModule module(config, weights_of(testing::random_bert(config, 5)));
    module.compute_in(half ? torch::kBFloat16 : torch::kFloat);
    logits[half] = module.forward(both, counts, {}).logits;
    EXPECT_EQ(logits[half].scalar_type(), torch::kFloat);
    logits[half].square().sum().backward();
    gradient[half] = module.weights().at("encoder.layer.0.attention.self.value.weight").grad();
    EXPECT_EQ(gradient[half].scalar_type(), torch::kFloat);
  }
  EXPECT_FALSE(torch::equal(logits[0], logits[1]));
  EXPECT_LT((logits[1] - logits[0]).norm().item<float>(), 0.05F * logits[0].norm().item<float>());
  EXPECT_LT((gradient[1] - gradient[0]).norm().item<float>(), 0.1F * gradient[0].norm().item<float>());
}

// What is cast once serves several passes, each of which goes backward.
TEST(BertModule, CastsOnceWithTheSameGradients) {
  const BertConfig config = testing::config_of({.layers = 3, .heads = 4, .head_size = 8, .labels = 3});
  const std::vector<TokenText> texts = {random_text(12, config.vocab_size, 1), random_text(7, config.vocab_size, 2)};
  const std::vector<const TokenText*> both = {&texts[0], &texts[1]};
  const std::vector<std::vector<std::vector<uint32_t>>> passes = {{{12, 12, 1}, {7, 7, 1}}, {{5, 3, 1}, {4, 2, 1}}};
  for (const torch::Dtype type : {torch::kFloat, torch::kBFloat16}) {
    std::map<std::string, torch::Tensor> gradients[2];
    for (const bool once : {false, true}) {
      BertModule module(config, weights_of(testing::random_bert(config, 5)));
      module.compute_in(type);
      std::optional<Module::CastOnce> casts;
      if (once) casts.emplace(module);
      for (const auto& counts : passes) module.forward(both, counts, {}).logits.square().sum().backward();
      for (const auto& [name, weight] : module.weights()) gradients[once][name] = weight.grad();
    }
    for (const auto& [name, gradient] : gradients[0]) EXPECT_TRUE(torch::equal(gradient, gradients[1][name])) << name;
  }
}

TEST(BertModule, RecordsTheRowsThatAreKept) {
  const BertConfig config = testing::config_of({.layers = 3, .heads = 2, .head_size = 4, .intermediate_size = 16});
  const BertModule module(config, weights_of(testing::random_bert(config, 5)));
  const TokenText a = random_text(12, config.vocab_size, 3), b = random_text(7, config.vocab_size, 4);
  const std::vector<const TokenText*> texts = {&a, &b};
  const std::vector<std::vector<uint32_t>> all = {{12, 12, 1}, {7, 7, 1}}, some = {{12, 6, 1}, {5, 4, 1}};
  const ForwardOutput full = module.forward(texts, all, {.rows = true});
  ASSERT_EQ(full.rows.size(), 2U);
  EXPECT_EQ(full.rows[0].size(0), 19);
  EXPECT_EQ(rows_loss(full, full).item<float>(), 0);
  const ForwardOutput sub = module.forward(texts, some, {.rows = true});
  EXPECT_EQ(sub.row_counts[1], (std::vector<uint32_t>{5, 4}));
  EXPECT_EQ(sub.rows[1].size(0), 10);
  // By hand: of the first layer, text 0 is whole and the same; of text 1 the kept rows differ by nothing either.
  const auto row = [&](const ForwardOutput& of, size_t layer, int64_t at) { return of.rows[layer][at]; };
  double sum = 0, second = 0;
  for (size_t i = 0; i < sub.kept_positions[1][0].size(); ++i) {
    const auto position = static_cast<int64_t>(sub.kept_positions[1][0][i]);
    sum += (row(sub, 0, 12 + static_cast<int64_t>(i)) - row(full, 0, 12 + position)).square().sum().item<double>();
  }
  int64_t rows_of_second = 0, first_here = 0, first_there = 0;
  for (size_t t = 0; t < 2; ++t) {
    for (size_t i = 0; i < sub.kept_positions[t][1].size(); ++i, ++rows_of_second) {
      const torch::Tensor here = row(sub, 1, first_here + static_cast<int64_t>(i));
      second += (here - row(full, 1, first_there + sub.kept_positions[t][1][i])).square().sum().item<double>();
    }
    first_here += sub.row_counts[t][1];
    first_there += full.row_counts[t][1];
  }
  const double d = config.hidden_size;
  const auto first_rows = static_cast<double>(12 + sub.kept_positions[1][0].size());
  EXPECT_NEAR(rows_loss(sub, full).item<double>(),
              (sum / (first_rows * d) + second / (static_cast<double>(rows_of_second) * d)) / 2, 1e-6);
}

TEST(BertModule, ContributionsAreMediansOfScores) {
  const BertConfig config = testing::config_of({.layers = 2});
  std::vector<NamedTensor> tensors = testing::random_bert(config, 7);
  for (NamedTensor& tensor : tensors) {  // without queries, every word attends to all alike
    if (tensor.name.find("self.query") != tensor.name.npos) {
      std::fill(tensor.values.begin(), tensor.values.end(), 0);
    }
  }
  const BertModule module(config, weights_of(tensors));
  const TokenText text = random_text(9, config.vocab_size, 1), none = random_text(2, config.vocab_size, 1);
  const std::vector<const TokenText*> texts = {&text, &none};
  const std::vector<std::vector<uint32_t>> counts = {{9, 1}, {2, 1}};
  const ForwardOutput output = module.forward(texts, counts, {.contributions = true});
  for (const auto& of_text : output.contributions) {
    ASSERT_EQ(of_text.size(), 2U);
    for (const double contribution : of_text) EXPECT_NEAR(contribution, 1, 1e-5);
  }
}

}  // namespace
}  // namespace latformer::train
