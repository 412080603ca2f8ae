#include "core/files/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace latformer {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string complaint(const fs::path& path, uint64_t most = kLargestText) const {
    const Result<std::string> text = read_file(path, most);
    EXPECT_FALSE(text.ok());
    EXPECT_EQ(text.status().code(), ErrorCode::invalid_argument);
    EXPECT_NE(text.status().message().find(path.string()), std::string::npos);
    return text.status().message();
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / ("latformer-files-" + std::to_string(::getpid()));
};

TEST_F(Files, ReadsWhatWasWritten) {
  ASSERT_TRUE(write_file(folder_ / "a", "text").ok());
  EXPECT_EQ(read_file(folder_ / "a").value(), "text");
  ASSERT_TRUE(write_file(folder_ / "empty", "").ok());
  EXPECT_EQ(read_file(folder_ / "empty").value(), "");
}

// A pipe that nobody writes to would hold a plain open() for ever.
TEST_F(Files, PipesFoldersAndDevicesAreRefusedAtOnce) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_NE(complaint(folder_ / "pipe").find("no regular file"), std::string::npos);
  EXPECT_NE(complaint("/dev/zero").find("no regular file"), std::string::npos);
  complaint(folder_);
  complaint(folder_ / "none");
}

TEST_F(Files, SizesAreLimited) {
  ASSERT_TRUE(write_file(folder_ / "sparse", "").ok());
  fs::resize_file(folder_ / "sparse", uint64_t{60} << 30);
  EXPECT_NE(complaint(folder_ / "sparse").find("larger than 128 MiB"), std::string::npos);
  ASSERT_TRUE(write_file(folder_ / "a", "text").ok());
  EXPECT_TRUE(read_file(folder_ / "a", 4).ok());
  complaint(folder_ / "a", 3);
}

}  // namespace
}  // namespace latformer
