// A row times a stored matrix, of every type, against the scalar twin.
#include "core/kernels/dot_rows.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/kernels/int8_rows.h"
#include "tests/unit/kernels/name_of_kernels.h"

namespace latformer::kernels {
namespace {

using Type = MatrixRows::Type;

size_t row_bytes_of(Type type, size_t columns) {
  switch (type) {
    case Type::f32:
      return columns * 4;
    case Type::f16:
    case Type::bf16:
      return columns * 2;
    case Type::int8:
      return columns;
    case Type::int4:
      return (columns + 7) / 8 * 4;
  }
  return 0;
}

struct Matrix {
  std::vector<std::byte> values;
  std::vector<float> scales;
  std::vector<float> x;
  Buffer<int32_t> sums;
  MatrixRows view;

  Matrix(Type type, size_t rows, size_t columns, size_t group = 0) {
    std::mt19937 random(static_cast<uint32_t>(rows * 71 + columns));
    std::normal_distribution<float> normal(0.0F, 1.0F);
    const size_t row_bytes = row_bytes_of(type, columns);
    values.resize(rows * row_bytes);
    for (size_t row = 0; row < rows; ++row) {
      std::byte* to = values.data() + row * row_bytes;
      for (size_t k = 0; k < columns; ++k) {
        const float value = normal(random);
        uint32_t bits;
        std::memcpy(&bits, &value, 4);
        const auto half = static_cast<uint16_t>((bits >> 16 & 0x8000) | (0x3000 + (bits >> 9 & 0x0FFF)));
        const auto brain = static_cast<uint16_t>(bits >> 16);
        if (type == Type::f32) std::memcpy(to + 4 * k, &value, 4);
        if (type == Type::f16) std::memcpy(to + 2 * k, &half, 2);
        if (type == Type::bf16) std::memcpy(to + 2 * k, &brain, 2);
      }
      if (type == Type::int8 || type == Type::int4) {
        for (size_t i = 0; i < row_bytes; ++i) to[i] = static_cast<std::byte>(random() & 255);
      }
    }
    const size_t scale_count = type == Type::int8 ? rows : type == Type::int4 ? rows * (columns / group) : 0;
    for (size_t i = 0; i < scale_count; ++i) scales.push_back(0.01F + 0.01F * std::abs(normal(random)));
    for (size_t k = 0; k < columns; ++k) x.push_back(normal(random));
    view = {.rows = rows,
            .columns = columns,
            .type = type,
            .values = values.data(),
            .row_bytes = row_bytes,
            .scales = scales.empty() ? nullptr : scales.data(),
            .group = group};
    if (type == Type::int8) {
      sums = sums_of_rows(view).value();
      view.sums = sums.data();
    }
  }
};

class DotRowsTest : public testing::TestWithParam<const MicroKernels*> {
 protected:
  std::vector<float> run(const Threads& threads, Precision precision, const Matrix& matrix,
                         const MicroKernels& micro = *GetParam()) {
    std::vector<float> y(matrix.view.rows + 1, -7.0F);
    EXPECT_TRUE(dot_rows(threads, precision, matrix.view, matrix.x.data(), y.data(), workspace_, micro).ok());
    EXPECT_EQ(y.back(), -7.0F) << "wrote past the end";
    y.pop_back();
    return y;
  }
  static std::vector<float> expected(const Matrix& matrix) {
    std::vector<float> y(matrix.view.rows);
    scalar::dot_rows(matrix.view, matrix.x.data(), y.data());
    return y;
  }
  void expect(const Matrix& matrix) {
    const std::vector<float> twin = expected(matrix);
    const std::vector<float> exact = run(threads_, Precision::f32, matrix);
    const std::vector<float> rounded = run(threads_, Precision::int8, matrix);
    if (matrix.view.type == Type::int8) {
      ASSERT_EQ(rounded, run(threads_, Precision::int8, matrix, kScalarKernels));
    }
    double errors = 0;
    double squares = 0;
    for (size_t i = 0; i < twin.size(); ++i) {
      ASSERT_NEAR(exact[i], twin[i], 2e-5 * std::sqrt(double(matrix.view.columns))) << "row " << i;
      errors += std::pow(rounded[i] - twin[i], 2);
      squares += std::pow(twin[i], 2);
    }
    if (matrix.view.rows * matrix.view.columns > 1000) {
      EXPECT_LT(std::sqrt(errors / squares), 0.03);
    }
  }

  Threads threads_ = Threads::create(1).value();
  LinearWorkspace workspace_;
};

TEST_P(DotRowsTest, AtEveryWidthAndHeight) {
  for (const Type type : {Type::f32, Type::f16, Type::bf16, Type::int8}) {
    for (size_t size = 1; size <= 70; ++size) {
      expect(Matrix(type, 9, size));
      expect(Matrix(type, size, 33));
    }
  }
  for (size_t groups = 1; groups <= 9; ++groups) {
    for (const size_t group : {2, 8, 30, 32, 64, 128})
      expect(Matrix(Type::int4, 1 + groups * 3, groups * group, group));
  }
}

TEST_P(DotRowsTest, AtRealSizes) {
  for (const Type type : {Type::f32, Type::f16, Type::bf16, Type::int8, Type::int4}) {
    expect(Matrix(type, 3001, 768, 32));
    expect(Matrix(type, 70, 576, 576));
  }
}

TEST_P(DotRowsTest, ThreadsChangeNothing) {
  const Threads three = Threads::create(3).value();
  for (const Type type : {Type::f32, Type::f16, Type::bf16, Type::int8, Type::int4}) {
    const Matrix matrix(type, 5003, 384, 32);
    for (const Precision precision : {Precision::f32, Precision::int8}) {
      EXPECT_EQ(run(three, precision, matrix), run(threads_, precision, matrix));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(MicroKernels, DotRowsTest, testing::ValuesIn(available_micro_kernels()), NameOfKernels());

}  // namespace
}  // namespace latformer::kernels
