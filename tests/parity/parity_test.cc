// Every model with a golden file in tests/parity/goldens, one text at a time and as batches.

#include "tests/parity/parity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/support/sanitized.h"

namespace latformer::parity {
namespace {

const std::string kRoot = LATFORMER_SOURCE_DIR;

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot + "/tests/parity/goldens")) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Parity : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    Result<Golden> golden = read_golden(kRoot + "/tests/parity/goldens/" + GetParam() + ".json");
    ASSERT_TRUE(golden.ok()) << golden.status().message();
    golden_ = std::move(golden).value();
  }

  void expect_parity(Packing packing, size_t stride) {
    Result<Classifier> classifier = load_classifier(kRoot + "/" + golden_.model);
    ASSERT_TRUE(classifier.ok()) << classifier.status().message();
    const Result<Report> report = compare(*classifier, golden_, packing, stride);
    ASSERT_TRUE(report.ok()) << report.status().message();
    for (const std::string& failure : report->failures) ADD_FAILURE() << failure;
    for (const Departure& departure : report->departures) {
      ADD_FAILURE() << "case " << departure.case_index << " keeps other positions at speedup " << departure.speedup;
    }
    size_t runs = 0;
    for (const auto& [speedup, tally] : report->by_speedup) runs += tally.runs;
    EXPECT_GT(runs, 0U);
  }

  // A model that is not small: a sample is enough for what the small ones cover in full.
  bool is_large() const { return golden_.cases.size() > 100; }

  Golden golden_;
};

TEST_P(Parity, OneByOne) { expect_parity(Packing::one_by_one, is_large() ? 10 : 1); }

TEST_P(Parity, Batch) { expect_parity(Packing::batch, is_large() && testing::kSanitized ? 7 : 1); }

// The same in int8: rounding moves scores a little, and next to a tie it may keep another word. Nothing more.
TEST_P(Parity, Int8StaysClose) {
  Result<Classifier> exact = load_classifier(kRoot + "/" + golden_.model, Precision::f32);
  Result<Classifier> rounded = load_classifier(kRoot + "/" + golden_.model, Precision::int8);
  ASSERT_TRUE(exact.ok() && rounded.ok());
  ASSERT_EQ(rounded->precision(), Precision::int8);
  ASSERT_EQ(exact->precision(), Precision::f32);
  double difference = 0;
  double size = 0;
  for (size_t i = 0; i < golden_.cases.size(); i += is_large() ? 10 : 1) {
    const TextInput input{golden_.cases[i].text, golden_.cases[i].pair};
    const auto expected = exact->run({&input, 1}, {});
    const auto actual = rounded->run({&input, 1}, {});
    ASSERT_TRUE(expected.ok() && actual.ok());
    for (size_t label = 0; label < expected->front().logits.size(); ++label) {
      difference += std::pow(actual->front().logits[label] - expected->front().logits[label], 2);
      size += std::pow(expected->front().logits[label], 2);
    }
  }
  EXPECT_LT(std::sqrt(difference / size), 0.1);
  RecordProperty("relative_difference", std::to_string(std::sqrt(difference / size)));
}

INSTANTIATE_TEST_SUITE_P(Models, Parity, ::testing::ValuesIn(golden_names()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace latformer::parity
