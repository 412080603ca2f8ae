// What is told of a model: each speed's cost and accuracy, ACC, and whether its scores can be believed.
#include "core/train/report/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/elimination/schedule.h"
#include "core/models/bert/cost.h"
#include "core/train/data/random.h"
#include "core/train/modules/model_folder.h"
#include "core/train/report/chart.h"
#include "core/train/report/confidence.h"
#include "core/train/run/make_profile.h"
#include "core/train/run/search.h"
#include "tests/train/folders.h"

namespace latformer::train {
namespace {

namespace fs = std::filesystem;

SweepOptions options_in(const Folder& folder) {
  return {.models = {make_model(folder, "tiny", /*classifier=*/true)},
          .data = {make_texts(folder, "dev", 40, 4)},
          .columns = {},
          .speedups = {},
          .padded = {}};
}

TEST(Sweep, TellsWhatEachSpeedupCosts) {
  const Folder folder;
  const SweepOptions options = options_in(folder);
  const auto sweeps = sweep(options);
  ASSERT_TRUE(sweeps.ok()) << sweeps.status().message();
  ASSERT_EQ(sweeps->size(), 1U);
  const Sweep& tiny = sweeps->front();
  EXPECT_EQ(tiny.model, "tiny");
  EXPECT_EQ(tiny.metric, "accuracy");
  EXPECT_EQ(tiny.texts, 40U);
  ASSERT_EQ(tiny.rows.size(), 8U);
  EXPECT_EQ(tiny.rows[0].macs_ratio, 1);
  for (size_t i = 1; i < tiny.rows.size(); ++i) {
    EXPECT_GT(tiny.rows[i].speedup, tiny.rows[i - 1].speedup);
    EXPECT_LE(tiny.rows[i].macs, tiny.rows[i - 1].macs);
    EXPECT_GT(*tiny.rows[i].milliseconds, 0);
  }
  const std::string csv = to_csv(*sweeps);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 9);
  EXPECT_NE(to_table(*sweeps).find("tiny, 40 texts"), std::string::npos);
  EXPECT_NE(to_svg(*sweeps).find("<circle"), std::string::npos);
}

TEST(Sweep, PaddedCountsThePaddingAndDropsItFirst) {
  const Folder folder;
  SweepOptions options = options_in(folder);
  const std::vector<Sweep> unpadded = sweep(options).value();
  options.padded = 40;
  const std::vector<Sweep> padded = sweep(options).value();
  EXPECT_EQ(padded[0].rows[0].metric, unpadded[0].rows[0].metric);
  EXPECT_FALSE(padded[0].rows[0].milliseconds);
  const Profile profile = default_profile(3);
  ASSERT_EQ(padded.size(), 2U);
  EXPECT_EQ(padded[0].counting, "padded to 40 (fixed)");
  EXPECT_EQ(padded[1].counting, "padded to 40 (by length)");
  Scheduler scheduler(cost_of(ModelFolder::open(options.models[0]).value().config), profile);
  for (size_t i = 0; i < padded[1].rows.size(); ++i) {
    EXPECT_LE(padded[1].rows[i].macs, padded[0].rows[i].macs);
    EXPECT_GE(padded[1].rows[i].macs_ratio, padded[0].rows[i].macs_ratio);
  }
  EXPECT_EQ(padded[1].rows[0].macs, padded[0].rows[0].macs);
  EXPECT_EQ(padded[1].rows[0].metric, padded[0].rows[0].metric);
  for (const SweepRow& row : padded[0].rows) {
    EXPECT_EQ(row.macs, static_cast<double>(scheduler.solve(40, row.speedup).macs));
    EXPECT_GE(row.macs_ratio, std::min(row.speedup, 4.0));
  }
}

TEST(Sweep, SaysWhatIsWrong) {
  const Folder folder;
  SweepOptions options = options_in(folder);
  options.speedups = {2, 1000};
  EXPECT_NE(sweep(options).status().message().find("1000 is beyond"), std::string::npos);
  options.speedups = {};
  options.models = {make_model(folder, "encoder", /*classifier=*/false)};
  EXPECT_NE(sweep(options).status().message().find("no classifier"), std::string::npos);
  options.models = {folder / "nothing"};
  EXPECT_EQ(sweep(options).status().code(), ErrorCode::invalid_argument);
}

// A regression that gives every text more than a float holds.
fs::path make_broken_model(const Folder& folder) {
  const ModelFolder model = ModelFolder::open(make_model(folder, "tiny", /*classifier=*/true)).value();
  BertConfig config = model.config;
  config.problem_type = ProblemType::regression;
  auto weights = model.weights(config, 1).value();
  weights.at("pooler.dense.weight").fill_(0);
  weights.at("pooler.dense.bias").fill_(10);
  weights.at("classifier.weight").fill_(3e38);
  EXPECT_TRUE(export_model(model, config, weights, {}, folder / "broken", {}).ok());
  return folder / "broken";
}

TEST(Sweep, MakesNoMetricOfLogitsThatAreNotFinite) {
  const Folder folder;
  SweepOptions options = options_in(folder);
  options.models = {make_broken_model(folder)};
  options.data = {folder.write("numbers.jsonl", R"({"text": "a1 b2", "label": [0, 1]}
{"text": "a3", "label": [0, 2]}
)")};
  for (const std::optional<size_t> padded : {std::optional<size_t>(), std::optional<size_t>(40)}) {
    options.padded = padded;
    const Status status = sweep(options).status();
    EXPECT_EQ(status.code(), ErrorCode::bad_model) << status.message();
    EXPECT_NE(status.message().find("not finite"), std::string::npos) << status.message();
  }
}

TEST(Tools, SayBeforeTheirWorkThatTheTargetIsThere) {
  const Folder folder;
  const fs::path model = make_model(folder, "tiny", /*classifier=*/true);
  const fs::path there = make_model(folder, "there", /*classifier=*/true);
  const std::vector<fs::path> unread = {folder / "nothing.tsv"};
  MakeProfileOptions making;
  making.model = model;
  making.data = unread;
  making.target = there;
  EXPECT_NE(make_profile(making).status().message().find("is there already"), std::string::npos);
  SearchOptions searching;
  searching.model = model;
  searching.data = unread;
  searching.target = there;
  EXPECT_NE(search(searching, [](const std::string&) {}).status().message().find("is there already"),
            std::string::npos);
}

TEST(MakeProfile, WritesAProfileFromAcc) {
  const Folder folder;
  MakeProfileOptions options;
  options.model = make_model(folder, "tiny", /*classifier=*/true);
  options.data = {make_texts(folder, "dev", 40, 4)};
  options.target = folder / "with-profile";
  options.max_speedup = 4;
  options.temperature = true;
  const auto made = make_profile(options);
  ASSERT_TRUE(made.ok()) << made.status().message();
  const auto model = ModelFolder::open(*options.target);
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_TRUE(model->profile);
  EXPECT_EQ(model->profile->acc, made->acc);
  EXPECT_EQ(model->profile->retention, retention_of(ProfileShape::running_product, made->acc, options.r_min));
  EXPECT_EQ(model->profile->max_speedup, 4);
  EXPECT_LT(made->error_after, made->error_before + 0.02);
  EXPECT_NE(to_text(*made, options.r_min).find("running product"), std::string::npos);

  options.model = make_model(folder, "other", /*classifier=*/true);
  options.keep_profile = true;
  EXPECT_NE(make_profile(options).status().message().find("no profile.json to keep"), std::string::npos);
}

TEST(Search, NeverEndsWorseAndTellsEveryGain) {
  const Folder folder;
  SearchOptions options;
  options.model = make_model(folder, "tiny", /*classifier=*/true);
  options.data = {make_texts(folder, "texts", 30, 5)};
  options.target = folder / "searched";
  options.trials = 12;
  std::vector<std::string> told;
  const auto found = search(options, [&](const std::string& line) { told.push_back(line); });
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_LE(found->loss_after, found->loss_before);
  const auto is_gain = [](const std::string& line) { return line.find("none better") == std::string::npos; };
  EXPECT_EQ(std::count_if(told.begin(), told.end(), is_gain) > 1, found->loss_after < found->loss_before);
  const auto model = ModelFolder::open(options.target);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->profile->retention, found->after);
  EXPECT_FALSE(model->profile->is_default);
}

TEST(Confidence, FindsTheTemperatureThatLabelsWereDrawnAt) {
  constexpr double kTemperature = 2.5;
  Random random(1, "labels");
  std::vector<std::vector<float>> logits, targets;
  for (int i = 0; i < 20000; ++i) {
    const auto logit = static_cast<float>(3 * random.normal());
    logits.push_back({0, logit});
    targets.push_back({random.uniform() < 1 / (1 + std::exp(-logit / kTemperature)) ? 1.0F : 0.0F});
  }
  std::vector<const std::vector<float>*> pointers;
  for (const auto& target : targets) pointers.push_back(&target);
  EXPECT_NEAR(temperature_of(logits, pointers, ProblemType::single_label), kTemperature, 0.1);
  EXPECT_GT(confidence_error(logits, pointers, ProblemType::single_label), 0.1);
  for (auto& of_text : logits) of_text[1] /= kTemperature;
  EXPECT_LT(confidence_error(logits, pointers, ProblemType::single_label), 0.02);
  for (auto& of_text : logits) of_text = {of_text[1]};  // the same as one label of its own
  EXPECT_NEAR(temperature_of(logits, pointers, ProblemType::multi_label), 1, 0.05);
}

TEST(Chart, EscapesNamesAndHoldsASinglePoint) {
  const Chart chart{.x_title = "x < y", .y_title = "y", .lines = {{"a & b", {{1, 2}}}}};
  const std::string svg = chart.svg();
  EXPECT_NE(svg.find("x &lt; y"), std::string::npos);
  EXPECT_NE(svg.find("a &amp; b"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
}

}  // namespace
}  // namespace latformer::train
