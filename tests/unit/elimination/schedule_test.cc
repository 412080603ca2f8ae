#include "core/elimination/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/unit/elimination/encoder_cost.h"

namespace latformer {
namespace {

using testing::encoder_cost;

const Cost kMiniLm = testing::mini_lm();

Profile profile_of(std::vector<double> retention, Dropped dropped) {
  Profile profile;
  profile.retention = std::move(retention);
  profile.dropped = dropped;
  profile.max_speedup = 100;
  return profile;
}

Profile sentiment(Dropped dropped) {
  return profile_of({0.724121, 0.355092, 0.161703, 0.085791, 0.042039, 0.025769}, dropped);
}

std::vector<uint32_t> counts(const Profile& profile, uint32_t tokens, double coefficient) {
  return counts_for(kMiniLm, profile, tokens, coefficient);
}

TEST(Counts, FollowTheFormula) {
  const Profile profile = profile_of({0.5, 0.5, 0.3, 0.1}, Dropped::discard);
  EXPECT_EQ(counts(profile, 20, 0), (std::vector<uint32_t>{20, 20, 20, 1}));
  EXPECT_EQ(counts(profile, 20, 1), (std::vector<uint32_t>{10, 10, 6, 1}));
  EXPECT_EQ(counts(profile, 21, 1), (std::vector<uint32_t>{11, 11, 7, 1}));  // ceil
  EXPECT_EQ(counts(profile, 20, 2), (std::vector<uint32_t>{5, 5, 2, 1}));
}

TEST(Counts, KeepToTheFloorAndNeverGrow) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(counts(sentiment(Dropped::discard), 50, infinity), (std::vector<uint32_t>{1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(counts(sentiment(Dropped::merge), 50, infinity), (std::vector<uint32_t>{2, 2, 2, 2, 2, 1}));
  EXPECT_EQ(counts(sentiment(Dropped::merge), 1, 3), (std::vector<uint32_t>{1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(counts(sentiment(Dropped::merge), 2, infinity), (std::vector<uint32_t>{2, 2, 2, 2, 2, 1}));
  // A profile that rises (which parse_profile refuses) still never brings rows back.
  EXPECT_EQ(counts(profile_of({0.2, 0.9, 0.5}, Dropped::discard), 10, 1), (std::vector<uint32_t>{2, 2, 1}));
  // A layer with retention 1 never lets go.
  EXPECT_EQ(counts(profile_of({1, 0.5, 0.5}, Dropped::discard), 9, infinity), (std::vector<uint32_t>{9, 1, 1}));
}

TEST(Counts, OfAModelWhoseRowsAreAllRead) {
  const Cost cost = encoder_cost(4, 8, 32, Last::all_rows);
  const Profile profile = profile_of({0.5, 0.5, 0.3, 0.1}, Dropped::merge);
  EXPECT_EQ(counts_for(cost, profile, 20, 1), (std::vector<uint32_t>{10, 10, 6, 2}));
  EXPECT_EQ(counts_for(cost, profile, 20, 0), (std::vector<uint32_t>{20, 20, 20, 20}));
}

TEST(Counts, LeaveRoomForWhatIsProtected) {
  Cost cost = encoder_cost(3, 8, 32);
  cost.always = {.first = 1, .last = 4};
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(counts_for(cost, profile_of({0.5, 0.5, 0.1}, Dropped::merge), 20, infinity),
            (std::vector<uint32_t>{6, 6, 1}));
  EXPECT_EQ(counts_for(cost, profile_of({0.5, 0.5, 0.1}, Dropped::discard), 20, infinity),
            (std::vector<uint32_t>{5, 5, 1}));
  EXPECT_EQ(counts_for(cost, profile_of({0.5, 0.5, 0.1}, Dropped::merge), 4, infinity),
            (std::vector<uint32_t>{4, 4, 1}));
}

TEST(Macs, AddUpLayersAndHead) {
  // Layer 1: QKV 3*5*64, QK^T 25*8, AV 3*5*8, output 3*64, feed-forward 2*3*8*24. Layer 2: [CLS] alone, from 3 rows.
  const uint64_t first = 960 + 200 + 120 + 192 + 1152;
  const uint64_t last = 7 * 64 + 2 * 3 * 8 + 64 + 2 * 8 * 24;
  Cost cost = encoder_cost(2, 8, 24);
  EXPECT_EQ(cost.macs(5, {3, 1}), first + last);
  EXPECT_EQ(encoder_cost(1, 8, 24).macs(3, {1}), last);
  cost.last = Last::all_rows;
  const uint64_t second = 3 * 3 * 64 + 9 * 8 + 2 * 3 * 8 + 2 * 64 + 2 * 2 * 8 * 24;
  EXPECT_EQ(cost.macs(5, {3, 2}), first + second);
  cost.head = 7;
  EXPECT_EQ(cost.macs(5, {3, 2}), first + second + 7);
}

TEST(Scheduler, SpeedupOneKeepsEverything) {
  Scheduler scheduler(kMiniLm, sentiment(Dropped::merge));
  for (const uint32_t tokens : {1U, 2U, 3U, 17U, 512U}) {
    const Schedule& schedule = scheduler.solve(tokens, 1);
    EXPECT_EQ(schedule.coefficient, 0);
    EXPECT_EQ(schedule.achieved, 1);
    EXPECT_EQ(schedule.counts, (std::vector<uint32_t>{tokens, tokens, tokens, tokens, tokens, 1}));
    EXPECT_EQ(schedule.macs, kMiniLm.macs(tokens, schedule.counts));
  }
}

// The staircase S(c) changes only where some N r_l^c passes an integer: try every such edge, from the left.
double smallest_sufficient(const Profile& profile, uint32_t tokens, double speedup) {
  std::vector<double> edges{0};
  for (const double retention : profile.retention) {
    if (retention == 1) continue;
    for (uint32_t n = 1; n < tokens; ++n) edges.push_back(std::log(double(n) / tokens) / std::log(retention));
  }
  std::sort(edges.begin(), edges.end());
  const auto macs = [&](double c) { return double(kMiniLm.macs(tokens, counts(profile, tokens, c))); };
  for (const double edge : edges) {
    if (macs(0) / macs(edge * (1 + 1e-12)) >= speedup) return edge;
  }
  return edges.back();
}

TEST(Scheduler, FindsTheSmallestCoefficient) {
  const std::vector<std::vector<double>> retentions{
      {0.724121, 0.355092, 0.161703, 0.085791, 0.042039, 0.025769},  // running product
      {0.68, 0.40, 0.38, 0.38, 0.37, 0.37},                          // running minimum
      {0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625},                 // edges of several layers coincide
      {1, 1, 0.99, 0.9, 0.5, 0.5},
  };
  for (const auto& retention : retentions) {
    for (const Dropped dropped : {Dropped::discard, Dropped::merge}) {
      const Profile profile = profile_of(retention, dropped);
      Scheduler scheduler(kMiniLm, profile);
      for (const uint32_t tokens : {2U, 3U, 4U, 7U, 16U, 32U, 100U, 511U}) {
        const double most = scheduler.solve(tokens, 1e9).achieved;
        for (const double speedup : {1.0, 1.0001, 1.1, 1.5, 2.0, 3.0, 4.8, 6.5, 20.0}) {
          const Schedule& schedule = scheduler.solve(tokens, speedup);
          SCOPED_TRACE(::testing::Message() << tokens << " tokens, speedup " << speedup << ", r_1 " << retention[0]);
          EXPECT_GE(schedule.achieved, std::min(speedup, most));
          EXPECT_EQ(schedule.counts, counts(profile, tokens, schedule.coefficient));
          const double expected = smallest_sufficient(profile, tokens, std::min(speedup, most));
          EXPECT_GE(schedule.coefficient, expected * (1 - 1e-12));
          EXPECT_LE(schedule.coefficient, expected + 1e-9 * std::max(1.0, expected));
        }
      }
    }
  }
}

TEST(Scheduler, FasterNeverKeepsMore) {
  Scheduler scheduler(kMiniLm, sentiment(Dropped::merge));
  for (uint32_t tokens = 2; tokens < 80; ++tokens) {
    std::vector<uint32_t> before(6, tokens);
    for (double speedup = 1; speedup < 9; speedup += 0.37) {
      const std::vector<uint32_t> left = scheduler.solve(tokens, speedup).counts;
      for (size_t layer = 0; layer < left.size(); ++layer) EXPECT_LE(left[layer], before[layer]);
      before = left;
    }
  }
}

TEST(Scheduler, RunsTheFloorWhereTheRequestIsOutOfReach) {
  Scheduler scheduler(kMiniLm, sentiment(Dropped::merge));
  const Schedule& schedule = scheduler.solve(3, 1e9);
  EXPECT_EQ(schedule.counts, (std::vector<uint32_t>{2, 2, 2, 2, 2, 1}));
  EXPECT_LT(schedule.achieved, 2);
  EXPECT_TRUE(std::isfinite(schedule.coefficient));
}

TEST(Scheduler, EndsForRetentionsNextToOne) {
  const double almost = std::nextafter(1.0, 0.0);
  for (const double last : {almost, 1.0}) {
    Scheduler scheduler(kMiniLm, profile_of({1, 1, 1, almost, almost, last}, Dropped::discard));
    EXPECT_EQ(scheduler.solve(512, 1e9).counts, (std::vector<uint32_t>{512, 512, 512, 1, 1, 1}));
  }
  Scheduler rigid(kMiniLm, profile_of({1, 1, 1, 1, 1, 1}, Dropped::discard));
  EXPECT_EQ(rigid.solve(512, 5).achieved, 1);
}

TEST(Scheduler, HandlesASingleLayer) {
  Scheduler scheduler(encoder_cost(1, 8, 32), profile_of({0.3}, Dropped::merge));
  EXPECT_EQ(scheduler.solve(40, 4).counts, (std::vector<uint32_t>{1}));
  EXPECT_EQ(scheduler.solve(40, 4).achieved, 1);
}

TEST(Scheduler, ForgetsRatherThanGrowsForever) {
  Scheduler scheduler(kMiniLm, sentiment(Dropped::merge));
  const Schedule first = scheduler.solve(40, 2);
  for (int i = 0; i < 20000; ++i) scheduler.solve(2, 1 + i * 1e-6);
  EXPECT_EQ(scheduler.solve(40, 2).counts, first.counts);
}

// --- by time ---------------------------------------------------------------------------------------------------------

// Thin matrices cost more a row than thick ones, and every layer and call something of its own.
TimeModel device() {
  TimeModel model;
  model.outside = 0.1;
  model.call = 0.05;
  model.token = 0.002;
  model.layer = {.fixed = 0.1, .in = {{1, 8, 512}, {0.02, 0.01}}, .out = {{1, 8, 512}, {0.05, 0.03}}};
  model.last = TimeModel::Layer{.fixed = 0.1, .in = {{1, 512}, {0.01}}, .out = {}};
  model.attention = 1e-5;
  model.dropping = 1e-5;
  return model;
}

Profile validated(Dropped dropped, double max_speedup) {
  Profile profile = sentiment(dropped);
  profile.max_speedup = max_speedup;
  return profile;
}

TEST(SchedulerByTime, GivesTheSpeedupInMilliseconds) {
  Scheduler scheduler(kMiniLm, validated(Dropped::merge, 6.5));
  const Schedule by_macs = scheduler.solve(128, 3);
  EXPECT_FALSE(by_macs.milliseconds.has_value());
  scheduler.set_time_model(device());
  const double full = device().milliseconds(128, {128, 128, 128, 128, 128, 1});
  EXPECT_EQ(scheduler.solve(128, 1).coefficient, 0);
  EXPECT_DOUBLE_EQ(*scheduler.solve(128, 1).milliseconds, full);
  for (const double speedup : {1.1, 1.5, 2.0, 3.0}) {
    const Schedule schedule = scheduler.solve(128, speedup);
    EXPECT_GE(schedule.achieved, speedup);
    EXPECT_LT(schedule.achieved, 1.05 * speedup);  // the steps of counts are that fine here
    EXPECT_DOUBLE_EQ(*schedule.milliseconds, device().milliseconds(128, schedule.counts));
    EXPECT_DOUBLE_EQ(schedule.achieved, full / *schedule.milliseconds);
  }
  EXPECT_GT(scheduler.solve(128, 3).coefficient, by_macs.coefficient);  // what is fixed has to be made up for
}

TEST(SchedulerByTime, StaysInTheValidatedRange) {
  for (const Dropped dropped : {Dropped::discard, Dropped::merge}) {
    for (const double most : {1.0, 1.5, 4.0}) {
      Scheduler by_macs(kMiniLm, validated(dropped, most));
      Scheduler by_time = by_macs;
      by_time.set_time_model(device());
      for (const uint32_t tokens : {1U, 2U, 3U, 8U, 64U, 512U}) {
        const Schedule end = by_macs.solve(tokens, most);
        const Schedule& fastest = by_time.solve(tokens, 1e9);
        EXPECT_EQ(fastest.counts, end.counts);
        EXPECT_LT(fastest.achieved, 1e9);  // and says so
        EXPECT_EQ(by_time.solve_within(std::vector<uint32_t>{tokens}, 1e-9)[0].counts, end.counts);
      }
    }
  }
}

TEST(SchedulerByTime, ABudgetIsKeptWithAsManyRowsAsItAllows) {
  Scheduler scheduler(kMiniLm, validated(Dropped::merge, 6.5));
  scheduler.set_time_model(device());
  for (const uint32_t tokens : {1U, 2U, 5U, 30U, 128U, 512U}) {
    const std::vector<uint32_t> lengths{tokens};
    std::vector<uint32_t> before(6, 0);
    const double slowest = *scheduler.solve(tokens, 1).milliseconds;
    const double fastest = *scheduler.solve(tokens, 1e9).milliseconds;
    for (double budget = 0.05; budget < 1.2 * slowest; budget *= 1.07) {
      const Schedule schedule = scheduler.solve_within(lengths, budget)[0];
      if (budget >= fastest) {
        EXPECT_LE(*schedule.milliseconds, budget);
      }
      if (budget >= slowest) {
        EXPECT_EQ(schedule.coefficient, 0);
      }
      for (size_t layer = 0; layer < 6; ++layer) EXPECT_GE(schedule.counts[layer], before[layer]);
      before = schedule.counts;
    }
    EXPECT_EQ(before[0], tokens);
  }
}

TEST(SchedulerByTime, ABudgetIsSharedByAllInputs) {
  Scheduler scheduler(kMiniLm, validated(Dropped::merge, 6.5));
  scheduler.set_time_model(device());
  const std::vector<uint32_t> lengths{512, 512, 20};
  const auto sum = [](const std::vector<Schedule>& schedules) {
    double milliseconds = 0;
    for (const Schedule& schedule : schedules) milliseconds += *schedule.milliseconds;
    return milliseconds;
  };
  const double slowest = sum(scheduler.solve_within(lengths, 1e9));
  for (const double share : {1.0, 0.9, 0.5, 0.3}) {
    const std::vector<Schedule> schedules = scheduler.solve_within(lengths, share * slowest);
    ASSERT_EQ(schedules.size(), 3U);
    EXPECT_LE(sum(schedules), share * slowest);
    EXPECT_GT(sum(schedules), 0.9 * share * slowest);
    EXPECT_EQ(schedules[0].counts, schedules[1].counts);
  }
}

TEST(SchedulerByTime, HandlesASingleLayerAndSingleTokens) {
  Scheduler scheduler(encoder_cost(1, 8, 32), profile_of({0.3}, Dropped::merge));
  scheduler.set_time_model(device());
  EXPECT_EQ(scheduler.solve(40, 4).achieved, 1);
  EXPECT_EQ(scheduler.solve_within(std::vector<uint32_t>{1}, 1e-6)[0].counts, (std::vector<uint32_t>{1}));
}

TEST(SchedulerByTime, ForgetsWhatItSolvedByAnotherModel) {
  Scheduler scheduler(kMiniLm, validated(Dropped::merge, 6.5));
  const std::vector<uint32_t> by_macs = scheduler.solve(128, 3).counts;
  scheduler.set_time_model(device());
  EXPECT_NE(scheduler.solve(128, 3).counts, by_macs);
}

}  // namespace
}  // namespace latformer
