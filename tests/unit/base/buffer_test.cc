#include "core/base/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace latformer {
namespace {

TEST(Buffer, IsEmptyToBeginWith) {
  const Buffer<float> buffer;
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(buffer.data(), nullptr);
  EXPECT_TRUE(buffer.span().empty());
}

TEST(Buffer, IsAlignedWritableToItsEndAndReadableInItsSlack) {
  for (size_t size : {0, 1, 7, 64, 1000}) {
    Result<Buffer<float>> result = Buffer<float>::allocate(size);
    ASSERT_TRUE(result.ok());
    Buffer<float>& buffer = result.value();
    ASSERT_EQ(buffer.size(), size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % kBufferAlignment, 0u);
    for (size_t i = 0; i < size; ++i) buffer[i] = static_cast<float>(i);
    const auto* bytes = reinterpret_cast<const volatile unsigned char*>(buffer.data());
    for (size_t i = 0; i < kBufferSlack; ++i) static_cast<void>(bytes[size * sizeof(float) + i]);
    for (size_t i = 0; i < size; ++i) EXPECT_EQ(buffer.span()[i], static_cast<float>(i));
  }
}

TEST(Buffer, RefusesWhatCannotBeAddressed) {
  constexpr size_t kMax = std::numeric_limits<size_t>::max();
  for (size_t size : {kMax, kMax / sizeof(double), kMax / sizeof(double) - 1, kMax / 16}) {
    const Result<Buffer<double>> result = Buffer<double>::allocate(size);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), ErrorCode::out_of_memory);
  }
}

TEST(Volume, StaysBeyondWhatCanBeAddressed) {
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  EXPECT_EQ(volume({}), 1u);
  EXPECT_EQ(volume({3, 4, 5}), 60u);
  EXPECT_EQ(volume({kMost, 1}), kMost);
  EXPECT_EQ(volume({kMost / 2 + 1, 2}), kMost);
  EXPECT_EQ(volume({uint64_t{1} << 33, uint64_t{1} << 33, 0}), kMost);
  EXPECT_FALSE(Buffer<std::byte>::allocate(volume({uint64_t{1} << 40, uint64_t{1} << 30})).ok());
}

TEST(Buffer, ReserveGrowsAndNeverShrinks) {
  Buffer<int32_t> buffer;
  ASSERT_TRUE(buffer.reserve(10).ok());
  const int32_t* before = buffer.data();
  ASSERT_TRUE(buffer.reserve(5).ok());
  EXPECT_EQ(buffer.data(), before);
  EXPECT_EQ(buffer.size(), 10u);
  ASSERT_TRUE(buffer.reserve(100).ok());
  EXPECT_EQ(buffer.size(), 100u);
}

TEST(Buffer, StaysUsableAfterAFailedReserve) {
  Buffer<int32_t> buffer;
  ASSERT_TRUE(buffer.reserve(10).ok());
  EXPECT_EQ(buffer.reserve(std::numeric_limits<size_t>::max()).code(), ErrorCode::out_of_memory);
  EXPECT_EQ(buffer.size(), 0u);
  ASSERT_TRUE(buffer.reserve(10).ok());
  buffer[9] = 1;
}

TEST(Buffer, MovesWithoutCopying) {
  Result<Buffer<float>> result = Buffer<float>::allocate(3);
  ASSERT_TRUE(result.ok());
  Buffer<float> first = std::move(result).value();
  const float* data = first.data();
  Buffer<float> second = std::move(first);
  EXPECT_EQ(second.data(), data);
  Buffer<float> third;
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.size(), 3u);
}

}  // namespace
}  // namespace latformer
