#include "core/elimination/time/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "core/elimination/schedule.h"
#include "tests/unit/elimination/encoder_cost.h"

namespace latformer {
namespace {

using Part = Workload::Part;

const Cost kMiniLm = testing::mini_lm();

// A device that exists in its clock alone: work moves it on.
struct Device {
  double speed = 1;      // of a small machine
  double tick = 1e-4;    // milliseconds
  double noise = 0;      // how often something else runs meanwhile, and for how long at most, relatively
  double square = 4e-6;  // of attention
  uint32_t tile = 1;     // rows are worked on by that many
  double now = 0;
  double last_read = 0;
  size_t runs = 0;
  std::mt19937 random{1};

  // Like matrix kernels: a fixed cost of fetching the weights, overlapped by rows when there are many.
  double rows(uint32_t n, double parts) const {
    const double tiles = std::ceil(double(n) / tile) * tile;
    return parts * (0.004 + 0.001 * tiles + 0.0005 * std::min(tiles, 8.0));
  }

  double milliseconds(const Workload& work) const {
    const double n = work.in;
    switch (work.part) {
      case Part::words:
        return 2e-4 * n / speed;
      case Part::embedding:
        return 1e-4 * n / speed;
      case Part::layer:
        return (rows(work.in, 3) + rows(work.out, 9) + square * (2 * n * n + n * work.out) +
                (work.out < work.in ? 1e-6 * n * n : 0)) /
               speed;
      case Part::last_layer:
        return (rows(work.in, 2) + rows(1, 10)) / speed;
      case Part::head:
        return 0.003 / speed;
    }
    return 0;
  }

  double milliseconds(uint32_t tokens, const std::vector<uint32_t>& counts) const {
    double sum = 0;
    for (const Part part : {Part::words, Part::embedding}) sum += milliseconds({part, tokens, 1});
    uint32_t n = tokens;
    for (size_t layer = 0; layer + 1 < counts.size(); ++layer) {
      sum += milliseconds({Part::layer, n, counts[layer]});
      n = counts[layer];
    }
    return sum + milliseconds({Part::last_layer, n, 1}) + milliseconds({Part::head, 1, 1});
  }

  Status run(const Workload& work) {
    ++runs;
    double factor = 1;
    if (noise > 0 && random() % 100 < 100 * noise) factor += 2 * double(random() % 1000) / 1000;
    if (noise > 0) factor += 0.05 * double(random() % 1000) / 1000;
    now += factor * milliseconds(work);
    return {};
  }

  double read() {
    now += 5e-5;  // looking at a clock takes time, too
    return std::floor(now / tick) * tick;
  }

  Result<TimeModel> calibrate(CalibrationPlan plan = {.cost = kMiniLm, .max_tokens = 512, .n_min = 2}) {
    return latformer::calibrate(plan, [this](const Workload& work) { return run(work); }, [this] { return read(); });
  }
};

Profile sentiment() {
  Profile profile;
  profile.retention = {0.724121, 0.355092, 0.161703, 0.085791, 0.042039, 0.025769};
  profile.max_speedup = 6.5;
  return profile;
}

// The largest relative error over lengths and speeds.
double error_of(const TimeModel& model, const Device& device, uint32_t most_tokens = 512) {
  double worst = 0;
  for (const uint32_t tokens : {16U, 23U, 64U, 100U, 128U, 200U, 256U, 400U, 512U}) {
    if (tokens > most_tokens) continue;
    for (const double coefficient : {0.0, 0.3, 0.6, 1.0, 1.5}) {
      const std::vector<uint32_t> counts = counts_for(kMiniLm, sentiment(), tokens, coefficient);
      const double expected = device.milliseconds(tokens, counts);
      worst = std::max(worst, std::abs(model.milliseconds(tokens, counts) / expected - 1));
    }
  }
  return worst;
}

TEST(Calibration, RecoversADevice) {
  Device device;
  const Result<TimeModel> model = device.calibrate();
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_LT(error_of(model.value(), device), 0.03);
  EXPECT_GE(model.value().spread, 1);
  EXPECT_LT(model.value().spread, 1.1);
}

TEST(Calibration, RecoversDevicesOfAnySpeed) {
  for (const double speed : {0.2, 0.5, 2.0, 10.0, 100.0}) {
    Device device;
    device.speed = speed;
    const Result<TimeModel> model = device.calibrate();
    ASSERT_TRUE(model.ok()) << speed;
    EXPECT_LT(error_of(model.value(), device), 0.07) << speed;
  }
}

TEST(Calibration, ComesNearToASlowOneFromShortTexts) {
  Device device;
  device.speed = 0.02;  // a text of 512 tokens takes minutes
  const Result<TimeModel> model = device.calibrate();
  ASSERT_TRUE(model.ok());
  EXPECT_LT(error_of(model.value(), device, 128), 0.15);
}

TEST(Calibration, SeesThroughNoise) {
  Device device;
  device.noise = 0.3;
  const Result<TimeModel> model = device.calibrate();
  ASSERT_TRUE(model.ok());
  EXPECT_LT(error_of(model.value(), device), 0.08);
  EXPECT_GT(model.value().spread, 1.2);  // and says how much of it there is
}

TEST(Calibration, SeesThroughTilesAndACoarseClock) {
  Device device;
  device.tile = 6;
  device.tick = 0.1;
  const Result<TimeModel> model = device.calibrate();
  ASSERT_TRUE(model.ok());
  EXPECT_LT(error_of(model.value(), device), 0.12);
}

TEST(Calibration, KeepsToItsTime) {
  for (const double speed : {0.02, 0.2, 1.0, 10.0, 1000.0}) {
    Device device;
    device.speed = speed;
    const CalibrationPlan plan{.cost = kMiniLm, .max_tokens = 512, .n_min = 2};
    ASSERT_TRUE(device.calibrate(plan).ok());
    // One piece of the work at the beginning is a leap in the dark.
    EXPECT_LT(device.now, 1.25 * plan.milliseconds) << speed;
  }
}

TEST(Calibration, AddsWhatPassesOutside) {
  Device device;
  const TimeModel model = device.calibrate({.cost = kMiniLm, .max_tokens = 512, .n_min = 2, .outside = 7}).value();
  EXPECT_EQ(model.outside, 7);
  EXPECT_NEAR(model.milliseconds(64, {64, 64, 64, 64, 64, 1}), 7 + device.milliseconds(64, {64, 64, 64, 64, 64, 1}),
              0.2);
}

TEST(Calibration, AsksForPossibleWorkOnly) {
  for (const uint32_t layers : {1U, 2U, 12U}) {
    for (const uint32_t most : {1U, 2U, 3U, 7U, 48U, 512U}) {
      for (const uint32_t n_min : {1U, 2U}) {
        double now = 0;
        Cost cost = kMiniLm;
        cost.num_layers = layers;
        const auto run = [&](const Workload& work) -> Status {
          const bool is_layer = work.part == Part::layer || work.part == Part::last_layer;
          now += is_layer ? 0.01 : 1e-6;
          EXPECT_GE(work.in, 1U);
          EXPECT_LE(work.in, most);
          if (work.part == Part::layer) {
            EXPECT_GT(layers, 1U);
            EXPECT_GE(work.out, std::min(n_min, work.in));
            EXPECT_LE(work.out, work.in);
          }
          return {};
        };
        const Result<TimeModel> model =
            calibrate({.cost = cost, .max_tokens = most, .n_min = n_min}, run, [&] { return now += 1e-5; });
        EXPECT_TRUE(model.ok()) << model.status().message();
        const std::vector<uint32_t> counts(layers, 1);
        EXPECT_NEAR(model->milliseconds(1, counts) / (0.01 * layers), 1, 0.1);
        EXPECT_TRUE(parse_time_model(to_json(*model)).ok());
      }
    }
  }
}

// Where all rows are read, the last layer is like any other.
TEST(Calibration, OfAModelWhoseRowsAreAllRead) {
  Device device;
  Cost cost = kMiniLm;
  cost.last = Last::all_rows;
  const TimeModel model = device.calibrate({.cost = cost, .max_tokens = 512, .n_min = 2}).value();
  EXPECT_FALSE(model.last.has_value());
  const auto expected = [&](uint32_t out) {
    double sum = 6 * device.milliseconds({Part::layer, 64, out});
    for (const Part part : {Part::words, Part::embedding, Part::head}) sum += device.milliseconds({part, 64, 1});
    return sum;
  };
  EXPECT_NEAR(model.milliseconds(64, std::vector<uint32_t>(6, 64)) / expected(64), 1, 0.05);
  EXPECT_EQ(parse_time_model(to_json(model))->milliseconds(64, {64, 32, 20, 9, 4, 2}),
            model.milliseconds(64, {64, 32, 20, 9, 4, 2}));
}

TEST(Calibration, RefusesAUselessClock) {
  const CalibrationPlan plan{.cost = kMiniLm, .max_tokens = 512, .n_min = 2};
  const auto idle = [](const Workload&) { return Status(); };
  double now = 0;
  for (const Clock& clock : {
           Clock([] { return 5.0; }),                                       // stands still
           Clock([&] { return now -= 0.01; }),                              // runs backwards
           Clock([&] { return now += 100; }),                               // too coarse
           Clock([] { return std::numeric_limits<double>::quiet_NaN(); }),  //
           Clock([] { return std::numeric_limits<double>::infinity(); }),   //
       }) {
    const Result<TimeModel> model = calibrate(plan, idle, clock);
    ASSERT_FALSE(model.ok());
    EXPECT_EQ(model.status().code(), ErrorCode::invalid_argument);
    EXPECT_NE(model.status().message().find("clock"), std::string::npos);
  }
}

TEST(Calibration, SurvivesAClockThatIsSet) {
  Device device;
  int reads = 0;
  const auto clock = [&] {
    if (++reads % 97 == 0) device.now -= 0.7;
    return device.read();
  };
  const Result<TimeModel> model = calibrate(
      {.cost = kMiniLm, .max_tokens = 512, .n_min = 2}, [&](const Workload& work) { return device.run(work); }, clock);
  if (model.ok()) {
    EXPECT_TRUE(parse_time_model(to_json(*model)).ok());
  }
}

TEST(Calibration, HandsOnAnError) {
  Device device;
  const auto fail = [](const Workload&) { return out_of_memory("no more"); };
  const Result<TimeModel> model =
      calibrate({.cost = kMiniLm, .max_tokens = 512, .n_min = 2}, fail, [&] { return device.read(); });
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), ErrorCode::out_of_memory);
}

TEST(TimeFit, PassesOverTimesThatAreNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<Timing> timings{{{Part::layer, 1, 1}, 1},  {{Part::layer, 8, 8}, 8},  {{Part::layer, 4, 4}, nan},
                              {{Part::layer, 2, 2}, -5}, {{Part::layer, 9, 2}, 0},  {{Part::last_layer, 1, 1}, 1},
                              {{Part::head, 1, 1}, nan}, {{Part::words, 64, 1}, -1}};
  const Result<TimeModel> model = fit_time_model(timings);
  ASSERT_TRUE(model.ok());
  EXPECT_NEAR(model->milliseconds(Workload{Part::layer, 8, 8}), 8, 0.3);
  EXPECT_NEAR(model->milliseconds(Workload{Part::layer, 4, 4}), 3, 1);  // as a line or as a square
  EXPECT_EQ(model->call, 0);
  EXPECT_FALSE(fit_time_model({}).ok());
  timings[5].milliseconds = nan;  // there is a last layer, but no time of it
  EXPECT_FALSE(fit_time_model(timings).ok());
  timings.resize(5);  // all layers are alike
  EXPECT_FALSE(fit_time_model(timings)->last.has_value());
  EXPECT_FALSE(fit_time_model(std::vector<Timing>{{{Part::layer, 1, 1}, nan}, {{Part::last_layer, 1, 1}, 1}}).ok());
}

}  // namespace
}  // namespace latformer
