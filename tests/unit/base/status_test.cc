#include "core/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace latformer {
namespace {

Result<int> positive(int value) {
  if (value <= 0) return invalid_argument(std::to_string(value) + " is not positive");
  return value;
}

Status check(int value) {
  LATFORMER_TRY(positive(value).status());
  return {};
}

Result<int> sum(int a, int b) {
  LATFORMER_ASSIGN(const int first, positive(a));
  LATFORMER_ASSIGN(const int second, positive(b));
  return first + second;
}

TEST(Status, IsOkUnlessTold) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().code(), ErrorCode::ok);
  EXPECT_TRUE(Status().message().empty());
}

TEST(Status, CarriesCodeAndSentence) {
  const std::vector<std::pair<Status, ErrorCode>> all = {
      {invalid_argument("why"), ErrorCode::invalid_argument},
      {bad_model("why"), ErrorCode::bad_model},
      {unsupported_model("why"), ErrorCode::unsupported_model},
      {out_of_memory("why"), ErrorCode::out_of_memory},
      {cancelled("why"), ErrorCode::cancelled},
      {internal_error("why"), ErrorCode::internal},
  };
  for (const auto& [status, code] : all) {
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.code(), code);
    EXPECT_EQ(status.message(), "why");
  }
}

TEST(Status, CodesHaveTheNamesThatJavaScriptSees) {
  EXPECT_EQ(name_of(ErrorCode::ok), "ok");
  EXPECT_EQ(name_of(ErrorCode::invalid_argument), "invalid_argument");
  EXPECT_EQ(name_of(ErrorCode::bad_model), "bad_model");
  EXPECT_EQ(name_of(ErrorCode::unsupported_model), "unsupported_model");
  EXPECT_EQ(name_of(ErrorCode::out_of_memory), "out_of_memory");
  EXPECT_EQ(name_of(ErrorCode::cancelled), "cancelled");
  EXPECT_EQ(name_of(ErrorCode::internal), "internal");
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_TRUE(positive(3).ok());
  EXPECT_EQ(positive(3).value(), 3);
  EXPECT_FALSE(positive(-1).ok());
  EXPECT_EQ(positive(-1).status().message(), "-1 is not positive");
}

TEST(Result, MovesValuesThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  ASSERT_TRUE(result.ok());
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

TEST(Macros, ReturnTheFirstError) {
  EXPECT_TRUE(check(1).ok());
  EXPECT_EQ(check(0).code(), ErrorCode::invalid_argument);
  ASSERT_TRUE(sum(1, 2).ok());
  EXPECT_EQ(sum(1, 2).value(), 3);
  EXPECT_EQ(sum(-1, -2).status().message(), "-1 is not positive");
  EXPECT_EQ(sum(1, -2).status().message(), "-2 is not positive");
}

}  // namespace
}  // namespace latformer
