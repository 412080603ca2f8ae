// Losses, metrics and the learning rate, against values worked out by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "core/train/modules/torch.h"
#include "core/train/report/metrics.h"
#include "core/train/run/learning_rate.h"
#include "core/train/run/losses.h"

namespace latformer::train {
namespace {

TEST(Losses, AreTheirFormulas) {
  const torch::Tensor logits = torch::tensor({{1.0F, -1.0F}, {0.0F, 2.0F}});
  const std::vector<float> first = {0}, second = {0};
  const double expected = (std::log(1 + std::exp(-2.0)) + std::log(1 + std::exp(2.0))) / 2;
  EXPECT_NEAR(task_loss(logits, {&first, &second}, ProblemType::single_label).item<double>(), expected, 1e-6);
  const std::vector<float> both = {1, 1}, none = {0, 0};
  const auto minus_log = [](double x) { return std::log(1 + std::exp(-x)); };
  EXPECT_NEAR(task_loss(logits, {&both, &none}, ProblemType::multi_label).item<double>(),
              (minus_log(1) + minus_log(-1) + minus_log(0) + minus_log(-2)) / 4, 1e-6);
  EXPECT_NEAR(task_loss(logits, {&both, &none}, ProblemType::regression).item<double>(), (0 + 4 + 0 + 4) / 4.0, 1e-6);
}

TEST(Losses, DistillationIsLeastWhereBothAgreeAndTeachesTheSubModelOnly) {
  for (const ProblemType problem : {ProblemType::single_label, ProblemType::multi_label, ProblemType::regression}) {
    const torch::Tensor full = torch::tensor({{1.0F, -1.0F}, {0.0F, 2.0F}}).set_requires_grad(true);
    const torch::Tensor same = full.detach().clone().set_requires_grad(true);
    distillation_loss(same, full, problem).backward();
    EXPECT_LT(same.grad().abs().max().item<float>(), 1e-6);
    EXPECT_FALSE(full.grad().defined());
  }
  const torch::Tensor full = torch::tensor({{2.0F, 0.0F}}), sub = torch::tensor({{0.0F, 0.0F}});
  const double p = 1 / (1 + std::exp(-2.0));
  const double kl = p * std::log(2 * p) + (1 - p) * std::log(2 * (1 - p));
  EXPECT_NEAR(distillation_loss(sub, full, ProblemType::single_label).item<double>(), kl, 1e-6);
}

TEST(Losses, HiddenIsTheMeanSquareAndTeachesTheSubModelOnly) {
  const torch::Tensor sub = torch::tensor({{1.0F, 2.0F}}).set_requires_grad(true);
  const torch::Tensor full = torch::tensor({{3.0F, 1.0F}}).set_requires_grad(true);
  const torch::Tensor loss = hidden_loss(sub, full);
  EXPECT_FLOAT_EQ(loss.item<float>(), 2.5F);
  loss.backward();
  EXPECT_TRUE(torch::equal(sub.grad(), torch::tensor({{-2.0F, 1.0F}})));
  EXPECT_FALSE(full.grad().defined());
}

TEST(Losses, ImportanceIsLeastWhereScoresAreSharesOfLaterAttributions) {
  // Two texts of 4 and 3 words; [CLS], which is first, does not count. Of the second layer: 1 2 3, and of the third 1
  // 0 1.
  const auto of_layer = [](std::vector<float> g) { return torch::tensor(g).view({2, 1, 1, 4}); };
  const std::vector<torch::Tensor> attributions = {
      of_layer({9, 9, 9, 9, 9, 9, 9, 0}), of_layer({5, 1, -2, 3, 7, 2, -2, 0}), of_layer({5, -1, 0, 1, 7, 1, 3, 0})};
  const torch::Tensor first = torch::tensor({{0.3F, 2.0F, 2.0F, 4.0F}, {0.1F, 3.0F, 5.0F, 0.0F}}) / 10;
  const torch::Tensor second = torch::tensor({{0.3F, 1.0F, 0.0F, 1.0F}, {0.1F, 1.0F, 3.0F, 0.0F}}) / 5;
  EXPECT_NEAR(importance_loss({first, second}, attributions).item<double>(), 0, 1e-6);

  const torch::Tensor even =
      torch::tensor({{0.0F, 1.0F, 1.0F, 1.0F}, {0.0F, 1.0F, 1.0F, 0.0F}}).set_requires_grad(true);
  const torch::Tensor loss = importance_loss({first, even}, attributions);
  const double apart = (std::log(1.5) + 0.25 * std::log(0.5) + 0.75 * std::log(1.5)) / 2;  // mean over texts
  EXPECT_NEAR(loss.item<double>(), apart / 2, 1e-5);                                       // and layers
  loss.backward();
  EXPECT_GT(even.grad()[0][2].item<float>(), 0);  // wants less of the word that does not matter
  EXPECT_LT(even.grad()[1][2].item<float>(), 0);
}

TEST(Metrics, AreTheirFormulas) {
  const std::vector<std::vector<float>> logits = {{1, -1}, {0, 2}, {3, 1}};
  const std::vector<float> zero = {0}, one = {1}, both = {1, 1}, none = {0, 0};
  EXPECT_NEAR(metric_of(logits, std::vector{&zero, &one, &one}, ProblemType::single_label), 2.0 / 3, 1e-12);
  // said: 1 0 | 0 1 | 1 1; meant: 1 1 | 0 0 | 1 1 -> TP 3, FN 1, FP 1
  EXPECT_NEAR(metric_of(logits, std::vector{&both, &none, &both}, ProblemType::multi_label), 6.0 / 8, 1e-12);
  const std::vector<double> x = {1, 2, 3, 4}, y = {1, 4, 9, 16}, flat = {2, 2, 2, 2}, ties = {1, 1, 2, 3};
  EXPECT_NEAR(spearman(x, y), 1, 1e-12);
  EXPECT_NEAR(pearson(x, y), 0.98437, 1e-5);
  EXPECT_NEAR(spearman(x, ties), 0.94868, 1e-5);
  EXPECT_EQ(pearson(x, flat), 0);
}

TEST(Metrics, AgreementIsItsFormulas) {
  const std::vector<std::vector<float>> logits = {{1, -1}, {0, 2}, {3, 1}, {0, 1}};
  const std::vector<float> zero = {0}, one = {1};
  // said 0 1 0 1, meant 0 1 1 1: TP 2, FP 0, FN 1, TN 1
  const Agreement agreement = agreement_of(logits, std::vector{&zero, &one, &one, &one});
  EXPECT_NEAR(agreement.f1, (2.0 / 3 + 4.0 / 5) / 2, 1e-12);
  EXPECT_NEAR(agreement.mcc, (2.0 * 1 - 0.0 * 1) / std::sqrt(2.0 * 3 * 1 * 2), 1e-12);
  EXPECT_EQ(agreement_of(logits, std::vector{&one, &one, &one, &one}).mcc, 0);
}

TEST(Metrics, TheIntervalIsThatOfAShare) {
  std::vector<std::vector<float>> logits;
  std::vector<std::vector<float>> targets;
  for (int i = 0; i < 400; ++i) {
    logits.push_back({0, 1});
    targets.push_back({i % 5 == 0 ? 0.0F : 1.0F});
  }
  std::vector<const std::vector<float>*> pointers;
  for (const auto& target : targets) pointers.push_back(&target);
  const double expected = 1.96 * std::sqrt(0.8 * 0.2 / 400);
  EXPECT_NEAR(interval_of(logits, pointers, ProblemType::single_label), expected, 0.2 * expected);
}

TEST(LearningRate, ClimbsThenFallsToNothing) {
  EXPECT_NEAR(learning_rate(1, 0, 100, 0.1), 1.0 / 11, 1e-12);
  EXPECT_NEAR(learning_rate(1, 10, 100, 0.1), 1, 1e-12);
  EXPECT_NEAR(learning_rate(1, 55, 100, 0.1), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate(1, 99, 100, 0.1), 1.0 / 90, 1e-12);
  EXPECT_NEAR(learning_rate(1, 0, 1, 0), 1, 1e-12);
}

}  // namespace
}  // namespace latformer::train
