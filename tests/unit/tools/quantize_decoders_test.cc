#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/files/files.h"
#include "core/models/decoders.h"
#include "core/tools/quantize.h"
#include "tests/unit/support/distance.h"

namespace latformer {
namespace {

std::vector<float> logits(const std::filesystem::path& folder, std::optional<Precision> precision) {
  const std::string config = read_file(folder / "config.json").value();
  const std::string weights = read_file(folder / "model.safetensors").value();
  std::unique_ptr<DecoderLoader> loader = open_decoder(config, precision).value();
  const Status status = loader->append(std::as_bytes(std::span(weights)));
  EXPECT_TRUE(status.ok()) << status.message();
  const std::unique_ptr<DecoderModel> model = loader->finish(Threads::create(1).value()).value();
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 20; ++i) ids.push_back(i * 7 % 60);
  Sequence sequence = model->begin(20).value();
  const DecoderInput input{.ids = ids, .positions = {}, .counts = {}, .sequence = &sequence};
  return model->run({&input, 1}, {}, Last::all_rows).value().front().logits;
}

class QuantizeDecoders : public ::testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path source_ = std::filesystem::path(LATFORMER_SOURCE_DIR) / "tests/parity/models" / GetParam();
  std::filesystem::path target_ =
      std::filesystem::temp_directory_path() / (std::string("latformer-quantize-") + GetParam());
  void TearDown() override { std::filesystem::remove_all(target_); }
};

TEST_P(QuantizeDecoders, IntegersAreThoseThatTheEngineMakesItself) {
  const Result<QuantizeReport> report = quantize_folder(source_, target_, {.bits = 8, .force = true});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(logits(target_, {}), logits(source_, Precision::int8));
  EXPECT_GT(report->parts[1].bytes_before, report->parts[1].bytes_after);
  EXPECT_FALSE(quantize_folder(target_, target_ / "again").ok());
}

TEST_P(QuantizeDecoders, FourBitsStayClose) {
  const Result<QuantizeReport> report = quantize_folder(source_, target_, {.bits = 4, .force = true});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_LT(testing::relative_distance(logits(source_, Precision::f32), logits(target_, Precision::f32)), 0.5);
}

INSTANTIATE_TEST_SUITE_P(Models, QuantizeDecoders,
                         ::testing::Values("gpt2-tied-f32", "gpt2-untied-f16", "llama-grouped", "llama-old-f16"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace latformer
