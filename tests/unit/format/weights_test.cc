#include "core/format/weights.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace latformer {
namespace {

using Shape = std::vector<uint64_t>;

SafetensorsHeader header_of(std::vector<TensorInfo> tensors) {
  make_safetensors_head(tensors);
  SafetensorsHeader header;
  header.tensors = std::move(tensors);
  return header;
}

TensorInfo tensor(std::string name, DType dtype, Shape shape) {
  TensorInfo info;
  info.name = std::move(name);
  info.dtype = dtype;
  info.shape = std::move(shape);
  return info;
}

std::string without_prefix(std::string_view stored) {
  return std::string(stored.substr(stored.starts_with("bert.") ? 5 : 0));
}

void expect_error(const WeightIndex& index, std::string_view name, const Shape& shape, ErrorCode code,
                  std::string_view part) {
  const Result<StoredWeight> weight = index.find(name, shape);
  EXPECT_EQ(weight.status().code(), code) << name;
  EXPECT_NE(weight.status().message().find(part), std::string::npos) << weight.status().message();
}

TEST(Weights, FindsFloatsWithAndWithoutPrefix) {
  const SafetensorsHeader header =
      header_of({tensor("bert.pooler.dense.weight", DType::f16, {3, 3}), tensor("pooler.dense.bias", DType::bf16, {3}),
                 tensor("classifier.weight", DType::f32, {2, 3})});
  const WeightIndex index = WeightIndex::create(header, without_prefix).value();
  EXPECT_EQ(index.find("pooler.dense.weight", Shape{3, 3})->values, 0u);
  EXPECT_EQ(index.find("pooler.dense.weight", Shape{3, 3})->dtype, DType::f16);
  EXPECT_EQ(index.find("pooler.dense.bias", Shape{3})->dtype, DType::bf16);
  EXPECT_EQ(index.find("classifier.weight", Shape{2, 3})->values, 2u);
  EXPECT_FALSE(index.find("classifier.weight", Shape{2, 3})->scales.has_value());
  EXPECT_TRUE(index.contains("classifier.weight"));
  EXPECT_FALSE(index.contains("classifier.bias"));
  EXPECT_FALSE(index.has_scales("classifier.weight"));
}

TEST(Weights, FindsInt8WithItsScales) {
  const SafetensorsHeader header =
      header_of({tensor("bert.a.weight_scale", DType::f16, {4, 1}), tensor("bert.a.weight", DType::i8, {4, 6}),
                 tensor("b.weight", DType::i8, {4, 6}), tensor("b.weight_shape", DType::i64, {2}),
                 tensor("b.weight_scale", DType::f32, {4}), tensor("b.weight_zero_point", DType::i8, {4, 1})});
  const WeightIndex index = WeightIndex::create(header, without_prefix).value();
  const StoredWeight a = index.find("a.weight", Shape{4, 6}).value();
  EXPECT_EQ(a.values, 1u);
  EXPECT_EQ(a.dtype, DType::i8);
  EXPECT_EQ(a.scales, 0u);
  EXPECT_EQ(a.scale_dtype, DType::f16);
  EXPECT_FALSE(a.zero_points.has_value());
  const StoredWeight b = index.find("b.weight", Shape{4, 6}).value();
  EXPECT_EQ(b.scales, 4u);
  EXPECT_EQ(b.scale_dtype, DType::f32);
  EXPECT_EQ(b.zero_points, 5u);
}

TEST(Weights, FindsFourBitsWithTheScalesOfTheirGroups) {
  const SafetensorsHeader header =
      header_of({tensor("bert.a.weight_packed", DType::i32, {4, 3}), tensor("bert.a.weight_scale", DType::bf16, {4, 5}),
                 tensor("bert.a.weight_shape", DType::i64, {2}), tensor("lonely.weight_packed", DType::i32, {4, 3}),
                 tensor("bytes.weight_packed", DType::i8, {4, 3}), tensor("bytes.weight_scale", DType::f32, {4, 5}),
                 tensor("odd.weight_packed", DType::i32, {4, 3}), tensor("odd.weight_scale", DType::f32, {4, 20}),
                 tensor("rows.weight_packed", DType::i32, {4, 3}), tensor("rows.weight_scale", DType::f32, {5, 2})});
  const WeightIndex index = WeightIndex::create(header, without_prefix).value();
  const StoredWeight a = index.find("a.weight", Shape{4, 20}).value();
  EXPECT_TRUE(index.contains("a.weight"));
  EXPECT_EQ(a.values, 0u);
  EXPECT_EQ(a.dtype, DType::i32);
  EXPECT_EQ(a.group, 4u);
  EXPECT_EQ(a.scales, 1u);
  EXPECT_EQ(a.scale_dtype, DType::bf16);
  expect_error(index, "a.weight", {4, 26}, ErrorCode::bad_model, "has shape (4, 3) where config.json asks for (4, 4)");
  expect_error(index, "lonely.weight", {4, 20}, ErrorCode::bad_model, "has no scales (\"lonely.weight_scale\")");
  expect_error(index, "bytes.weight", {4, 20}, ErrorCode::unsupported_model, "is stored as I8, not as I32");
  expect_error(index, "odd.weight", {4, 20}, ErrorCode::unsupported_model, "an even number of columns");
  expect_error(index, "rows.weight", {4, 20}, ErrorCode::unsupported_model, "has shape (5, 2)");
}

TEST(Weights, SaysWhatIsWrong) {
  const SafetensorsHeader header =
      header_of({tensor("bert.lonely.weight", DType::i8, {4, 6}), tensor("wide.weight", DType::c64, {4}),
                 tensor("one.weight", DType::i8, {4, 6}), tensor("one.weight_scale", DType::f32, {1}),
                 tensor("group.weight", DType::i8, {4, 6}), tensor("group.weight_scale", DType::f32, {4, 3}),
                 tensor("other.weight", DType::i8, {4, 6}), tensor("other.weight_scale", DType::f32, {6}),
                 tensor("odd.weight", DType::i8, {4, 6}), tensor("odd.weight_scale", DType::i32, {4})});
  const WeightIndex index = WeightIndex::create(header, without_prefix).value();
  expect_error(index, "gone.weight", {4}, ErrorCode::bad_model, "tensor \"gone.weight\" is missing");
  expect_error(index, "wide.weight", {5}, ErrorCode::bad_model, "has shape (4) where config.json asks for (5)");
  expect_error(index, "wide.weight", {4, 1}, ErrorCode::bad_model, "asks for (4, 1)");
  expect_error(index, "wide.weight", {4}, ErrorCode::unsupported_model, "is stored as C64");
  expect_error(index, "lonely.weight", {4, 6}, ErrorCode::bad_model, "has no scales (\"bert.lonely.weight_scale\")");
  expect_error(index, "one.weight", {4, 6}, ErrorCode::unsupported_model,
               "has shape (1) where one scale per channel is (4, 1)");
  expect_error(index, "group.weight", {4, 6}, ErrorCode::unsupported_model, "has shape (4, 3)");
  expect_error(index, "other.weight", {4, 6}, ErrorCode::bad_model, "has shape (6)");
  expect_error(index, "odd.weight", {4, 6}, ErrorCode::unsupported_model, "is stored as I32");
}

TEST(Weights, RefusesTwoTensorsOfOneName) {
  const SafetensorsHeader header =
      header_of({tensor("bert.a.weight", DType::f32, {1}), tensor("a.weight", DType::f32, {1})});
  const Result<WeightIndex> index = WeightIndex::create(header, without_prefix);
  EXPECT_EQ(index.status().code(), ErrorCode::bad_model);
  EXPECT_NE(index.status().message().find("two names of the same tensor"), std::string::npos);
}

}  // namespace
}  // namespace latformer
