// Which texts and speeds the steps of a run have, and what a checkpoint's settings are told by.
#include "core/train/run/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/models/bert/cost.h"
#include "core/train/data/random.h"
#include "core/train/run/settings.h"
#include "tests/unit/support/random_bert.h"

namespace latformer::train {
namespace {

std::vector<Example> texts_of(size_t count) {
  Random random(1, "lengths");
  std::vector<Example> examples(count);
  for (Example& example : examples) example.tokens.ids.resize(3 + random.below(30));
  return examples;
}

PlanOptions options_of(uint32_t full_every, uint32_t pruned_batch) {
  PlanOptions options;
  options.teacher.epochs = 1;
  options.elimination.epochs = 2;
  options.batches = {.max_tokens = 200, .max_texts = 8};
  options.full_every = full_every;
  options.pruned_batch = pruned_batch;
  return options;
}

TEST(Plan, AnEpochHasEachTextOnceWhateverTheBatches) {
  const std::vector<Example> examples = texts_of(300);
  for (const auto& [every, times] : {std::pair{1U, 1U}, {5U, 1U}, {5U, 4U}, {2U, 3U}}) {
    const Plan plan = plan_of(examples, options_of(every, times));
    ASSERT_EQ(plan.epoch_ends.size(), 3U);
    EXPECT_EQ(plan.epoch_ends.back(), plan.steps());
    uint64_t step = 0;
    for (const uint64_t end : plan.epoch_ends) {
      std::vector<int> seen(examples.size());
      for (; step < end; ++step) {
        for (const uint32_t text : plan.all[step].batch) ++seen[text];
      }
      EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; })) << every << " " << times;
    }
    size_t largest_full = 0, largest_pruned = 0, pruned = 0;
    for (step = plan.teacher_steps; step < plan.steps(); ++step) {
      const PlannedStep& planned = plan.all[step];
      size_t& largest = planned.full ? largest_full : largest_pruned;
      largest = std::max(largest, planned.batch.size());
      pruned += planned.full ? 0 : 1;
    }
    EXPECT_LE(largest_full, 8U);
    EXPECT_LE(largest_pruned, 8U * times);
    EXPECT_EQ(pruned == 0, every == 1);
    if (every > 1) {
      EXPECT_GT(largest_pruned, 8U * (times - 1));
    }
  }
}

TEST(Plan, SpeedsAreEvenInTheirLogarithmUpToBeyondTheTarget) {
  const std::vector<Example> examples = texts_of(300);
  PlanOptions options = options_of(1, 1);
  options.ramp = 0;
  options.target_speedup = 4;
  Plan plan = plan_of(examples, options);
  plan.all.resize(4000);
  double lower = 0, upper = 0, highest = 0;
  for (uint64_t step = plan.teacher_steps; step < plan.steps(); ++step) {
    const std::vector<double> speedups = plan.speedups(step, options);
    ASSERT_EQ(speedups.size(), 2U);
    EXPECT_GE(speedups[0], std::sqrt(4.6) - 0.01);
    EXPECT_LE(speedups[1], std::sqrt(4.6) + 0.01);
    upper += std::log(speedups[0]);
    lower += std::log(speedups[1]);
    highest = std::max(highest, speedups[0]);
    EXPECT_EQ(speedups, plan.speedups(step, options));  // a resumed run draws the same
  }
  const auto steps = static_cast<double>(plan.steps() - plan.teacher_steps);
  EXPECT_NEAR(upper / steps, 0.75 * std::log(4.6), 0.02);
  EXPECT_NEAR(lower / steps, 0.25 * std::log(4.6), 0.02);
  EXPECT_GT(highest, 4.5);
  options.target_pass = true;
  EXPECT_EQ(plan.speedups(plan.steps() - 1, options).front(), 4);
}

TEST(Plan, RowsLeaveTheFirstLayerWhateverTheSpeed) {
  const BertConfig config = testing::config_of({.layers = 4});
  Scheduler scheduler(cost_of(config), default_profile(4));
  CappedSchedules capped(scheduler, 4);
  for (const uint32_t tokens : {1U, 3U, 4U, 5U, 13U, 40U}) {
    for (const double speedup : {1.0, 2.0, 6.0, 50.0}) {
      const std::vector<uint32_t> counts = capped.counts(tokens, speedup);
      const std::vector<uint32_t> free = scheduler.solve(tokens, speedup).counts;
      EXPECT_GE(counts[0], std::min(tokens, 4U)) << tokens << " " << speedup;
      if (free[0] >= std::min(tokens, 4U)) {
        EXPECT_EQ(counts, free);
      }
      EXPECT_TRUE(std::is_sorted(counts.rbegin(), counts.rend()));
      EXPECT_EQ(counts.back(), 1U);
    }
  }
}

TEST(Settings, TellWhatDiffers) {
  Settings then, now;
  then.add("seed", 1);
  then.add("labels", "\"a: b\"", 2);
  then.add("old", 0.1);
  now.add("seed", 2);
  now.add("labels", "\"a: b\"", 2);
  now.add("new", true);
  const Settings read = Settings::parse(then.to_text());
  EXPECT_EQ(read.to_text(), then.to_text());
  EXPECT_EQ(read.value("labels"), "\"a: b\" 2");
  EXPECT_EQ(now.changes_since(read),
            "  seed: then 1, now 2\n  new: then nothing, now 1\n  old: then 0.1, now nothing\n");
  EXPECT_EQ(then.changes_since(read), "");
}

}  // namespace
}  // namespace latformer::train
