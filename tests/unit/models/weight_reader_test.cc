#include "core/models/weight_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/kernels/threads.h"
#include "core/models/room.h"
#include "tests/unit/support/random_bert.h"

namespace latformer {
namespace {

using testing::make_tensor;
using testing::NamedTensor;
using testing::safetensors_of;

std::string as_stored(std::string_view name) { return std::string(name); }

std::vector<double> random_values(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = static_cast<double>(random()) / 4294967296.0 - 0.5;
  return values;
}

// y (out) = x W, of the product that was read.
std::vector<float> product(const kernels::Linear& linear, const std::vector<float>& x) {
  Buffer<float> in = Buffer<float>::allocate(x.size()).value();
  std::ranges::copy(x, in.data());
  Buffer<float> out = Buffer<float>::allocate(linear.out()).value();
  kernels::LinearWorkspace workspace;
  EXPECT_TRUE(linear.run(Threads::create(1).value(), 1, in.data(), out.data(), workspace).ok());
  return {out.data(), out.data() + linear.out()};
}

Status read(const std::vector<NamedTensor>& tensors, std::optional<Precision> precision,
            const WeightReader::Declare& declare) {
  WeightReader reader(as_stored, precision, declare);
  LATFORMER_TRY(reader.append(safetensors_of(tensors)));
  return reader.finish();
}

constexpr size_t kIn = 37;  // no multiple of a block
constexpr size_t kOut = 10;

const std::vector<double> kWeight = random_values(3 * kOut * kIn, 1);  // (3 out, in)
const std::vector<double> kBias = random_values(3 * kOut, 2);
const std::vector<float> kInput = [] {
  const std::vector<double> values = random_values(kIn, 3);
  return std::vector<float>(values.begin(), values.end());
}();

// W^T, as Conv1D stores it.
std::vector<double> turned() {
  std::vector<double> values(kWeight.size());
  for (size_t i = 0; i < 3 * kOut; ++i) {
    for (size_t k = 0; k < kIn; ++k) values[k * 3 * kOut + i] = kWeight[i * kIn + k];
  }
  return values;
}

std::vector<float> expected(size_t first, size_t count, bool bias = true, double factor = 1) {
  std::vector<float> y;
  for (size_t i = first; i < first + count; ++i) {
    double sum = bias ? kBias[i] : 0;
    for (size_t k = 0; k < kIn; ++k) sum += kWeight[i * kIn + k] * kInput[k];
    y.push_back(static_cast<float>(factor * sum));
  }
  return y;
}

void expect_near(const std::vector<float>& y, const std::vector<float>& wanted, double tolerance) {
  ASSERT_EQ(y.size(), wanted.size());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], wanted[i], tolerance) << i;
}

// Query, key and value in one layer of the file, transposed, of which two products are made.
TEST(WeightReader, CutsProductsOutOfAConv1D) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const std::optional<Precision> precision : {std::optional(Precision::f32), std::optional(Precision::int8)}) {
      const std::vector<NamedTensor> tensors = {make_tensor("c_attn.bias", dtype, {3 * kOut}, kBias),
                                                make_tensor("c_attn.weight", dtype, {kIn, 3 * kOut}, turned())};
      kernels::Linear query, key_value;
      const auto part = [](size_t first, float factor = 1) {
        return LinearPart{.name = "c_attn",
                          .out = kOut,
                          .factor = factor,
                          .layout = LinearLayout::in_out,
                          .first = first,
                          .stored_out = 3 * kOut};
      };
      const Status status = read(tensors, precision, [&](WeightReader& file) -> Status {
        LATFORMER_TRY(file.linear({part(0, 0.5F)}, kIn, file.precision(), &query));
        return file.linear({part(kOut), part(2 * kOut)}, kIn, file.precision(), &key_value);
      });
      ASSERT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(query.precision(), *precision);
      const double tolerance = precision == Precision::int8 || dtype == DType::bf16 ? 0.03 : 0.003;
      expect_near(product(query, kInput), expected(0, kOut, true, 0.5), tolerance);
      expect_near(product(key_value, kInput), expected(kOut, 2 * kOut), tolerance);
    }
  }
}

// 4 bits: computed in as they are where that is asked for and all parts have them, else as int8.
TEST(WeightReader, KeepsFourBits) {
  constexpr size_t in = 32;
  constexpr size_t group = 16;
  std::vector<int> levels;
  std::vector<double> weight, scales, biases;
  for (size_t i = 0; i < 2 * kOut * in; ++i) {
    levels.push_back(static_cast<int>(i * 7 % 16));
    if (i % group == 0) scales.push_back(0.01 * static_cast<double>(1 + i / group % 5));
    weight.push_back((levels.back() - 8) * scales.back());
  }
  for (size_t i = 0; i < 2 * kOut; ++i) biases.push_back(0.1 * static_cast<double>(i));
  const auto part_of = [&](const char* name, size_t first) {
    std::vector<NamedTensor> tensors = {
        make_tensor(
            std::string(name) + ".bias", DType::f32, {kOut},
            {biases.begin() + static_cast<ptrdiff_t>(first), biases.begin() + static_cast<ptrdiff_t>(first + kOut)}),
        make_tensor(std::string(name) + ".weight_scale", DType::f32, {kOut, in / group},
                    {scales.begin() + static_cast<ptrdiff_t>(first * in / group),
                     scales.begin() + static_cast<ptrdiff_t>((first + kOut) * in / group)}),
        {.name = std::string(name) + ".weight_packed",
         .dtype = DType::i32,
         .shape = {kOut, in / 8},
         .values = {},
         .bytes = {}}};
    for (size_t k = first * in; k < (first + kOut) * in; k += 2) {
      tensors.back().bytes.push_back(static_cast<std::byte>(levels[k] | levels[k + 1] << 4));
    }
    return tensors;
  };
  std::vector<NamedTensor> tensors = part_of("query", 0);
  for (NamedTensor& tensor : part_of("key", kOut)) tensors.push_back(std::move(tensor));
  std::vector<float> x;
  for (size_t k = 0; k < in; ++k) x.push_back(std::sin(static_cast<float>(k)));
  for (const std::optional<Precision> precision :
       {std::optional<Precision>(), std::optional(Precision::int4), std::optional(Precision::int8)}) {
    kernels::Linear linear;
    const Status status = read(tensors, precision, [&](WeightReader& file) {
      return file.linear({{.name = "query", .out = kOut, .factor = 0.5F}, {.name = "key", .out = kOut}}, in,
                         file.precision(), &linear);
    });
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(linear.precision(), precision == Precision::int4 ? Precision::int4 : Precision::int8);
    const std::vector<float> y = product(linear, x);
    for (size_t o = 0; o < 2 * kOut; ++o) {
      double sum = biases[o];
      for (size_t k = 0; k < in; ++k) sum += weight[o * in + k] * x[k];
      EXPECT_NEAR(y[o], sum * (o < kOut ? 0.5 : 1), 0.02) << o;
    }
  }
}

// Where a matrix stands the other way round, integers do not: (out, in), a scale for each output.
TEST(WeightReader, TakesIntegersAsOutputsByInputs) {
  std::vector<double> integers, scales;
  for (size_t i = 0; i < 3 * kOut; ++i) {
    scales.push_back(0.5 / 127);
    for (size_t k = 0; k < kIn; ++k) integers.push_back(std::nearbyint(kWeight[i * kIn + k] / scales.back()));
  }
  const std::vector<NamedTensor> tensors = {make_tensor("c.weight", DType::i8, {3 * kOut, kIn}, integers),
                                            make_tensor("c.weight_scale", DType::f32, {3 * kOut, 1}, scales),
                                            make_tensor("c.bias", DType::f32, {3 * kOut}, kBias)};
  for (const std::optional<Precision> precision : {std::optional<Precision>(), std::optional(Precision::f32)}) {
    kernels::Linear linear;
    const LinearPart part{.name = "c", .out = 3 * kOut, .layout = LinearLayout::in_out};
    const Status status = read(tensors, precision,
                               [&](WeightReader& file) { return file.linear({part}, kIn, file.precision(), &linear); });
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(linear.precision(), precision.value_or(Precision::int8));
    expect_near(product(linear, kInput), expected(0, 3 * kOut), 0.03);
  }
}

TEST(WeightReader, AsksForNoBiasWhereThereIsNone) {
  const std::vector<NamedTensor> tensors = {make_tensor("q.weight", DType::f32, {3 * kOut, kIn}, kWeight)};
  kernels::Linear linear;
  const LinearPart part{.name = "q", .out = 3 * kOut, .has_bias = false};
  const auto declare = [&](WeightReader& file) { return file.linear({part}, kIn, file.precision(), &linear); };
  for (const Precision precision : {Precision::f32, Precision::int8}) {
    ASSERT_TRUE(read(tensors, precision, declare).ok());
    expect_near(product(linear, kInput), expected(0, 3 * kOut, false), precision == Precision::int8 ? 0.03 : 1e-5);
  }
  const LinearPart with_bias{.name = "q", .out = 3 * kOut};
  const Status status =
      read(tensors, {}, [&](WeightReader& file) { return file.linear({with_bias}, kIn, file.precision(), &linear); });
  EXPECT_NE(status.message().find("\"q.bias\" is missing"), std::string::npos) << status.message();
}

TEST(WeightReader, ReadsTablesVectorsAndNorms) {
  const std::vector<NamedTensor> tensors = {make_tensor("wte.weight", DType::f16, {3 * kOut, kIn}, kWeight),
                                            make_tensor("ln.weight", DType::bf16, {3 * kOut}, kBias),
                                            make_tensor("ln.bias", DType::f32, {3 * kOut}, kBias)};
  StoredMatrix table;
  LayerNormWeights norm;
  Buffer<float> rms;
  const auto declare = [&](WeightReader& file) -> Status {
    EXPECT_TRUE(file.contains("wte.weight"));
    EXPECT_FALSE(file.contains("lm_head.weight"));
    LATFORMER_TRY(file.embedding("wte.weight", 3 * kOut, kIn, &table));
    return file.norm("ln", 3 * kOut, &norm);
  };
  ASSERT_TRUE(read(tensors, {}, declare).ok());
  EXPECT_EQ(table.dtype, DType::f16);
  EXPECT_EQ(norm.beta[4], static_cast<float>(kBias[4]));
  EXPECT_NEAR(norm.gamma[4], kBias[4], 0.003);
  ASSERT_TRUE(read(tensors, Precision::int8, declare).ok());
  EXPECT_EQ(table.dtype, DType::i8);
  const auto vector = [&](WeightReader& file) { return file.vector("ln.weight", 3 * kOut, &rms); };
  ASSERT_TRUE(read(tensors, {}, vector).ok());
  EXPECT_EQ(rms[4], norm.gamma[4]);
}

// What a model will take is known from the header, and refused there if it is more than there can be.
TEST(WeightReader, CountsWhatItWillHold) {
  const auto bytes = [](DType stored, std::optional<Precision> precision) {
    testing::TensorMaker maker(4, stored);
    maker.matrix("table.weight", 100, 40, 1);
    maker.linear("layer", 30, 40);
    StoredMatrix table;
    kernels::Linear linear;
    uint64_t sum = 0;
    EXPECT_TRUE(read(maker.take(), precision, [&](WeightReader& file) -> Status {
                  LATFORMER_TRY(file.embedding("table.weight", 100, 40, &table));
                  LATFORMER_TRY(file.linear({{.name = "layer", .out = 30}}, 40, precision, &linear));
                  sum = file.bytes();
                  return {};
                }).ok());
    return sum;
  };
  EXPECT_EQ(bytes(DType::f32, {}), 4U * (4000 + 1200));
  EXPECT_EQ(bytes(DType::f16, {}), 2U * 4000 + 4 * 1200);
  EXPECT_EQ(bytes(DType::i8, {}), 4000U + 1200);
  EXPECT_EQ(bytes(DType::f32, Precision::int8), 4000U + 1200);
  EXPECT_EQ(bytes(DType::i8, Precision::f32), 4000U + 4 * 1200);

  EXPECT_TRUE(check_room(1000, 1000).ok());
  const Status status = check_room(uint64_t{6} << 30, uint64_t{4} << 30);
  EXPECT_EQ(status.code(), ErrorCode::out_of_memory);
  EXPECT_NE(status.message().find("6.0 GB, and there is room for 4.0 GB"), std::string::npos) << status.message();
}

// A scale of nothing makes weights of nothing, a negative one turns their sign, a large one leaves infinity.
TEST(WeightReader, RefusesScalesThatAreNone) {
  const auto read_with = [](DType dtype, double scale) {
    std::vector<double> scales(kOut, 0.01);
    scales[3] = scale;
    const std::vector<NamedTensor> tensors = {
        make_tensor("c.weight", DType::i8, {kOut, kIn}, std::vector<double>(kOut * kIn, 1)),
        make_tensor("c.weight_scale", dtype, {kOut, 1}, scales), make_tensor("c.bias", DType::f32, {kOut}, scales)};
    kernels::Linear linear;
    return read(tensors, std::nullopt, [&](WeightReader& file) {
      return file.linear({{.name = "c", .out = kOut}}, kIn, file.precision(), &linear);
    });
  };
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    EXPECT_TRUE(read_with(dtype, 0.02).ok());
    for (const double scale : {0.0, -0.0, -0.01, -1e-4}) {
      const Status status = read_with(dtype, scale);
      EXPECT_EQ(status.code(), ErrorCode::bad_model) << scale << " as " << name_of(dtype);
      EXPECT_NE(status.message().find("tensor \"c.weight_scale\" holds"), std::string::npos) << status.message();
    }
  }
  for (const double scale : {3e36, static_cast<double>(INFINITY), static_cast<double>(NAN)}) {
    const Status status = read_with(DType::f32, scale);
    EXPECT_EQ(status.code(), ErrorCode::bad_model) << scale;
    EXPECT_NE(status.message().find("c.weight_scale"), std::string::npos) << status.message();
  }
}

TEST(WeightReader, TakesF64) {
  const auto f64 = [](const std::string& name, std::vector<uint64_t> shape, const std::vector<double>& values) {
    NamedTensor tensor{.name = name, .dtype = DType::f64, .shape = std::move(shape), .values = values, .bytes = {}};
    const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
    tensor.bytes.assign(bytes, bytes + values.size() * sizeof(double));
    return tensor;
  };
  const auto read_into = [&](kernels::Linear& linear, LinearLayout layout, const std::vector<double>& weight) {
    const LinearPart part{.name = "c", .out = 3 * kOut, .layout = layout};
    const bool turned = layout == LinearLayout::in_out;
    const std::vector<uint64_t> shape = {turned ? kIn : 3 * kOut, turned ? 3 * kOut : kIn};
    return read({f64("c.weight", shape, weight), f64("c.bias", {3 * kOut}, kBias)}, std::nullopt,
                [&](WeightReader& file) { return file.linear({part}, kIn, file.precision(), &linear); });
  };
  kernels::Linear linear;
  ASSERT_TRUE(read_into(linear, LinearLayout::out_in, kWeight).ok());
  expect_near(product(linear, kInput), expected(0, 3 * kOut), 1e-5);
  ASSERT_TRUE(read_into(linear, LinearLayout::in_out, turned()).ok());
  expect_near(product(linear, kInput), expected(0, 3 * kOut), 1e-5);
  for (const double huge : {1e300, static_cast<double>(INFINITY)}) {
    std::vector<double> weight = kWeight;
    weight[5] = huge;
    EXPECT_EQ(read_into(linear, LinearLayout::out_in, weight).code(), ErrorCode::bad_model) << huge;
  }
}

TEST(WeightReader, SaysWhereNamesAreThoseOfDataParallel) {
  kernels::Linear linear;
  const Status status = read(
      {make_tensor("module.c.weight", DType::f32, {kOut, kIn}, std::vector<double>(kOut * kIn, 1))}, std::nullopt,
      [&](WeightReader& file) { return file.linear({{.name = "c", .out = kOut}}, kIn, file.precision(), &linear); });
  EXPECT_EQ(status.code(), ErrorCode::bad_model);
  EXPECT_NE(status.message().find("begin with \"module.\""), std::string::npos) << status.message();
}

}  // namespace
}  // namespace latformer
