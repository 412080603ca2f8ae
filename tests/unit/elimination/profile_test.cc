#include "core/elimination/profile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace latformer {
namespace {

using Numbers = std::vector<double>;

Profile parsed(std::string_view json, uint32_t num_layers) {
  Result<Profile> profile = parse_profile(json, num_layers);
  EXPECT_TRUE(profile.ok()) << profile.status().message();
  return std::move(profile).value();
}

void expect_bad(std::string_view json, std::string_view message) {
  const Result<Profile> profile = parse_profile(json, 3);
  EXPECT_EQ(profile.status().code(), ErrorCode::bad_model) << json;
  EXPECT_NE(profile.status().message().find(message), std::string::npos) << profile.status().message();
  EXPECT_TRUE(profile.status().message().starts_with("profile.json: ")) << profile.status().message();
}

void expect_near(const Numbers& numbers, const Numbers& expected) {
  ASSERT_EQ(numbers.size(), expected.size());
  for (size_t i = 0; i < numbers.size(); ++i) EXPECT_NEAR(numbers[i], expected[i], 1e-12) << i;
}

TEST(Profile, ReadsEveryField) {
  const Profile profile = parsed(
      R"({"version": 1, "acc": [0.7, 0.5, 0.4], "retention": [1, 0.35, 0.35], "dropped": "merge", "max_speedup": 6.5,
          "trained_on": "sst2"})",
      3);
  EXPECT_EQ(profile.acc, (Numbers{0.7, 0.5, 0.4}));
  EXPECT_EQ(profile.retention, (Numbers{1, 0.35, 0.35}));
  EXPECT_EQ(profile.dropped, Dropped::merge);
  EXPECT_EQ(profile.max_speedup, 6.5);
  EXPECT_FALSE(profile.is_default);
}

TEST(Profile, NeedsNoAcc) {
  const Profile profile = parsed(R"({"version": 1, "retention": [0.5], "dropped": "discard", "max_speedup": 1})", 1);
  EXPECT_TRUE(profile.acc.empty());
  EXPECT_EQ(profile.dropped, Dropped::discard);
}

TEST(Profile, MakesRetentionFromAShape) {
  const auto with = [](std::string_view fields) {
    return parsed("{\"version\": 1, \"dropped\": \"merge\", \"max_speedup\": 4, " + std::string(fields) + "}", 3)
        .retention;
  };
  expect_near(with(R"("shape": "running_minimum", "acc": [0.8, 0.9, 0.5])"), {0.8, 0.8, 0.5});
  expect_near(with(R"("shape": "running_product", "acc": [0.8, 0.9, 0.5])"), {0.8, 0.72, 0.36});
  expect_near(with(R"("shape": "running_product", "acc": [0.8, 0.9, 0.5], "r_min": 0.75)"), {0.8, 0.75, 0.75});
  expect_near(with(R"("shape": "geometric", "r_min": 0.125)"), {0.5, 0.25, 0.125});
  expect_near(with(R"("shape": "linear", "r_min": 0.25)"), {0.75, 0.5, 0.25});
  expect_near(with(R"("shape": "linear", "retention": [0.9, 0.8, 0.7])"), {0.9, 0.8, 0.7});
}

TEST(Profile, ShapesStayBetweenTheirFloorAndOne) {
  expect_near(retention_of(ProfileShape::running_minimum, {1.5, 0.001, 0.5}, 0.1), {1, 0.1, 0.1});
  expect_near(retention_of(ProfileShape::running_product, {1.5, 0.5, 1.5, 0.5}, 0.1), {1, 0.5, 0.5, 0.25});
  for (const ProfileShape shape :
       {ProfileShape::running_minimum, ProfileShape::running_product, ProfileShape::geometric, ProfileShape::linear}) {
    const Numbers retention = retention_of(shape, {0.9, 1.2, 0.3, 0.5, 0.8}, kDefaultRMin);
    ASSERT_EQ(retention.size(), 5u);
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_GE(retention[i], kDefaultRMin);
      EXPECT_LE(retention[i], i == 0 ? 1 : retention[i - 1]);
    }
    EXPECT_TRUE(retention_of(shape, {}, kDefaultRMin).empty());
  }
}

TEST(Profile, DefaultIsGeometricAndSaysThatItIsADefault) {
  const Profile profile = default_profile(4);
  EXPECT_TRUE(profile.is_default);
  EXPECT_TRUE(profile.acc.empty());
  EXPECT_EQ(profile.dropped, Dropped::merge);
  EXPECT_EQ(profile.max_speedup, 8);
  ASSERT_EQ(profile.retention.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_DOUBLE_EQ(profile.retention[i], std::pow(kDefaultRMin, static_cast<double>(i + 1) / 4));
  }
}

TEST(Profile, RefusesUnknownVersions) {
  expect_bad(R"({"version": 2})", "version is 2; the known version is 1");
  expect_bad(R"({"version": 0})", "version is 0; the known version is 1");
  expect_bad(R"({"version": "1"})", "version must be an integer");
  expect_bad(R"({"version": 1.0})", "version must be an integer");
  expect_bad(R"({})", "version is missing");
}

TEST(Profile, RefusesBrokenDocuments) {
  for (const char* json : {"", "{", "[]", "null", "{\"version\": 1, \"version\": 1}"}) expect_bad(json, "");
}

TEST(Profile, ChecksEveryValue) {
  const auto with = [](std::string_view retention, std::string_view dropped, std::string_view max_speedup) {
    return "{\"version\": 1, \"retention\": " + std::string(retention) + ", \"dropped\": " + std::string(dropped) +
           ", \"max_speedup\": " + std::string(max_speedup) + "}";
  };
  const auto with_retention = [&](std::string_view retention) { return with(retention, "\"merge\"", "2"); };
  EXPECT_TRUE(parse_profile(with_retention("[1, 0.5, 0.5]"), 3).ok());
  expect_bad(with_retention("[]"), "retention has 0 values, but the model has 3 layers");
  expect_bad(with_retention("[1, 1]"), "retention has 2 values, but the model has 3 layers");
  expect_bad(with_retention("[1, 1, 1, 1]"), "retention has 4 values, but the model has 3 layers");
  expect_bad(with_retention("[1, 0.5, 0.6]"), "retention must not increase");
  expect_bad(with_retention("[1, 0.5, 0]"), "retention[2] must be above 0 and at most 1");
  expect_bad(with_retention("[1, 0.5, -0.5]"), "retention[2] must be above 0 and at most 1");
  expect_bad(with_retention("[1, 0.5, 1e-300]"), "retention[2] must be above 0 and at most 1");
  expect_bad(with_retention("[1.01, 1, 1]"), "retention[0] must be above 0 and at most 1");
  expect_bad(with_retention("[1, \"1\", 1]"), "retention[1] must be a number");
  expect_bad(with_retention("0.5"), "retention must be an array");
  expect_bad(with_retention("null"), "retention must be an array");
  expect_bad(with("[1, 1, 1]", "\"forget\"", "2"), "dropped is \"forget\", not one of \"discard\", \"merge\"");
  expect_bad(with("[1, 1, 1]", "true", "2"), "dropped must be a string");
  expect_bad(with("[1, 1, 1]", "\"merge\"", "0.5"), "max_speedup must be between 1 and 1000");
  expect_bad(with("[1, 1, 1]", "\"merge\"", "1e9"), "max_speedup must be between 1 and 1000");
  expect_bad(with("[1, 1, 1]", "\"merge\"", "\"fast\""), "max_speedup must be a number");
  expect_bad(R"({"version": 1, "retention": [1, 1, 1], "max_speedup": 2})", "dropped is missing");
  expect_bad(R"({"version": 1, "retention": [1, 1, 1], "dropped": "merge"})", "max_speedup is missing");
}

TEST(Profile, ChecksAccAndShape) {
  const auto with = [](std::string_view fields) {
    return "{\"version\": 1, \"dropped\": \"merge\", \"max_speedup\": 2, " + std::string(fields) + "}";
  };
  expect_bad(with(R"("acc": [0.5, 0.5, 0.5])"), "retention is missing");
  expect_bad(with(R"("acc": [0.5, 0.5], "shape": "running_minimum")"), "acc has 2 values");
  expect_bad(with(R"("acc": [0.5, 0, 0.5], "shape": "running_minimum")"), "acc[1] must be above 0");
  expect_bad(with(R"("acc": [0.5, 1e9, 0.5], "shape": "running_minimum")"), "acc[1] must be above 0 and at most 1000");
  expect_bad(with(R"("shape": "running_product")"), "acc is missing");
  expect_bad(with(R"("shape": "oval", "retention": [1, 1, 1])"), "shape is \"oval\", not one of \"running_minimum\"");
  expect_bad(with(R"("shape": "linear", "r_min": 0)"), "r_min must be above 0");
  expect_bad(with(R"("retention": [1, 1, 1], "r_min": 2)"), "r_min must be above 0");
}

}  // namespace
}  // namespace latformer
