#include "core/elimination/time/time_model.h"

#include <gtest/gtest.h>

#include <string>

namespace latformer {
namespace {

TimeModel example() {
  TimeModel model;
  model.outside = 0.5;
  model.call = 0.25;
  model.token = 0.015625;
  model.layer = {.fixed = 1, .in = {.knots = {1, 4, 16}, .slopes = {0.5, 0.125}}, .out = {{1, 8}, {0.25}}};
  model.last = TimeModel::Layer{.fixed = 2, .in = {{1, 32}, {0.0625}}, .out = {}};
  model.attention = 0.001;
  model.dropping = 0.002;
  model.spread = 1.25;
  return model;
}

TEST(Curve, IsStraightBetweenKnotsAndBeyond) {
  const Curve curve{.knots = {1, 4, 16}, .slopes = {0.5, 0.125}};
  EXPECT_EQ(curve.at(1), 0);
  EXPECT_EQ(curve.at(3), 1);
  EXPECT_EQ(curve.at(4), 1.5);
  EXPECT_EQ(curve.at(8), 2);
  EXPECT_EQ(curve.at(16), 3);
  EXPECT_EQ(curve.at(32), 5);
  EXPECT_EQ((Curve{.knots = {7}, .slopes = {}}.at(9)), 0);
  EXPECT_EQ((Curve{}.at(9)), 0);
}

TEST(TimeModel, AddsUpTheLayers) {
  const TimeModel model = example();
  const double ends = 0.5 + 0.25 + 8 * 0.015625;
  // Nothing dropped: two layers of (8, 8), the last of 8.
  const double layer = 1 + 2 + 7 * 0.25 + 0.001 * 128;
  EXPECT_DOUBLE_EQ(model.milliseconds(8, {8, 8, 1}), ends + 2 * layer + 2 + 7 * 0.0625);
  // (8, 4), (4, 2), the last of 2.
  const double first = 1 + 2 + 3 * 0.25 + 0.001 * 96 + 0.002 * 64;
  const double second = 1 + 1.5 + 0.25 + 0.001 * 24 + 0.002 * 16;
  EXPECT_DOUBLE_EQ(model.milliseconds(8, {4, 2, 1}), ends + first + second + 2 + 0.0625);
  // A single layer.
  EXPECT_DOUBLE_EQ(model.milliseconds(8, {1}), ends + 2 + 7 * 0.0625);
}

TEST(TimeModel, PredictsItsParts) {
  const TimeModel model = example();
  using Part = Workload::Part;
  const double parts = model.milliseconds(Workload{Part::layer, 8, 4}) +
                       model.milliseconds(Workload{Part::layer, 4, 2}) +
                       model.milliseconds(Workload{Part::last_layer, 2, 1}) + model.milliseconds(Workload{Part::head}) +
                       model.milliseconds(Workload{Part::words, 8});
  EXPECT_DOUBLE_EQ(model.milliseconds(8, {4, 2, 1}), model.outside + parts);
}

TEST(TimeModel, IsReadAsItWasWritten) {
  const std::string json = to_json(example());
  const Result<TimeModel> read = parse_time_model(json);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(to_json(read.value()), json);
  EXPECT_EQ(read.value().spread, 1.25);
  EXPECT_EQ(read.value().token, 0.015625);
  EXPECT_EQ(read.value().milliseconds(100, {50, 10, 1}), example().milliseconds(100, {50, 10, 1}));
}

TEST(TimeModel, IsReadStrictly) {
  const std::string json = to_json(example());
  for (size_t size = 0; size < json.size(); ++size) {
    EXPECT_FALSE(parse_time_model(std::string_view(json).substr(0, size)).ok()) << size;
  }
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = json;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {R"("version":1)", R"("version":2)"},
           {R"("token":0.015625)", R"("token":-0.015625)"},
           {R"("token":0.015625)", R"("token":"0.015625")"},
           {R"("token":0.015625)", R"("token":null)"},
           {R"("token":0.015625)", R"("token":1e99)"},
           {R"("token":0.015625,)", ""},
           {R"("spread":1.25)", R"("spread":0.5)"},
           {"[1,4,16]", "[1,16,4]"},
           {"[1,4,16]", "[0,4,16]"},
           {"[1,4,16]", "[1,4]"},
           {"[1,4,16]", "[1,4,1.5]"},
           {"[0.5,0.125]", "[0.5,-0.125]"},
           {"[0.5,0.125]", "[0.5]"},
       }) {
    const Result<TimeModel> read = parse_time_model(changed(from, to));
    EXPECT_FALSE(read.ok()) << to;
    if (!read.ok()) {
      EXPECT_EQ(read.status().code(), ErrorCode::bad_model) << to;
    }
  }
  EXPECT_FALSE(parse_time_model(to_json(TimeModel())).ok());  // that nothing takes any time
}

}  // namespace
}  // namespace latformer
