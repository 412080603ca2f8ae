// Every kind of encoder that the library loads, quantised: the folder loads, and answers are near those of the floats.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/files/files.h"
#include "core/tasks/classification.h"
#include "core/tasks/embedding.h"
#include "core/tasks/token_tasks.h"
#include "core/tools/quantize.h"
#include "tests/unit/support/distance.h"

namespace latformer {
namespace {

struct Folder {
  const char* path;  // below tests/parity
  const char* task;
};

constexpr std::array<TextInput, 3> kTexts = {
    {{.text = "A joy from start to finish.", .text_pair = {}},
     {.text = "What about the old man [MASK] <mask> by the sea?", .text_pair = {}},
     {.text = "one", .text_pair = {}}}};

Result<std::unique_ptr<EncoderModelLoader>> open_for(const std::string& task, const ModelFiles& files,
                                                     std::optional<Precision> precision,
                                                     const std::shared_ptr<int32_t>& mask) {
  SentenceSettings sentences;
  if (task == "embedding") return Embedder::open(files, precision, sentences);
  if (task == "tokens") return open_token_classifier(files, precision);
  if (task == "answers") return open_question_answerer(files, precision);
  if (task == "mask") return open_mask_filler(files, precision, mask);
  Classifier::Settings none;
  return Classifier::open(files, precision, none);
}

// What the head makes of all texts, one behind the other. Products are of f32, so that what is left is the weights'.
std::vector<float> results_of(const std::filesystem::path& folder, const std::string& task) {
  std::array<std::string, kModelFiles.size()> texts;
  ModelFiles files;
  for (size_t i = 0; i < texts.size(); ++i) {
    texts[i] = read_file(folder / kModelFiles[i].name).ok() ? read_file(folder / kModelFiles[i].name).value() : "";
    files.*kModelFiles[i].text = texts[i];
  }
  const auto mask = std::make_shared<int32_t>(-1);
  const OpenModel open = [&](const ModelFiles& of, std::optional<Precision> precision) {
    return open_for(task, of, precision, mask);
  };
  Result<EncoderLoader> loader = EncoderLoader::create(files, open, {.precision = Precision::f32});
  if (!loader.ok()) ADD_FAILURE() << loader.status().message();
  const std::string weights = read_file(folder / "model.safetensors").value();
  const Status status = loader->append(std::as_bytes(std::span(weights)));
  EXPECT_TRUE(status.ok()) << status.message();
  Result<Encoder> encoder = loader->finish();
  if (!encoder.ok()) ADD_FAILURE() << encoder.status().message();
  if (task == "mask") *mask = mask_of(encoder->tokenizer())->id;
  std::vector<float> all;
  for (const Encoded& text : encoder->encode(kTexts, {}).value()) {
    for (const std::vector<float>& values : text.results) all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

// Rounding 20 to 27 matrices of 24 columns takes answers of random weights away by 0.02 to 0.1 of their size, by
// chance: no matrix alone by more than 0.02, and all of them together by the root of the sum of their squares. Four
// bits are rounded 17 times as coarsely, in smaller groups. A matrix out of its place, or by another's scales, makes it
// 1 and more.
constexpr std::array<std::pair<int, double>, 2> kMostByBits = {{{8, 0.1}, {4, 0.6}}};

class QuantizeEncoders : public ::testing::TestWithParam<Folder> {
 protected:
  std::filesystem::path source_ = std::filesystem::path(LATFORMER_SOURCE_DIR) / "tests/parity" / GetParam().path;
  std::filesystem::path target_ = std::filesystem::temp_directory_path() /
                                  ("latformer-quantize-" + source_.parent_path().parent_path().filename().string() +
                                   "-" + source_.filename().string());
  void TearDown() override { std::filesystem::remove_all(target_); }
};

TEST_P(QuantizeEncoders, AnswersStayNear) {
  const std::vector<float> floats = results_of(source_, GetParam().task);
  ASSERT_FALSE(floats.empty());
  for (const auto& [bits, most] : kMostByBits) {
    const Result<QuantizeReport> report = quantize_folder(source_, target_, {.bits = bits, .force = true});
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_LT(report->file_after, report->file_before);
    const double off = testing::relative_distance(floats, results_of(target_, GetParam().task));
    EXPECT_GT(off, 0) << bits;
    EXPECT_LT(off, most) << bits;
    EXPECT_FALSE(quantize_folder(target_, target_ / "again").ok()) << "twice";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, QuantizeEncoders,
    ::testing::Values(
        Folder{"models/roberta", "texts"}, Folder{"models/xlm-roberta", "texts"}, Folder{"models/distilbert", "texts"},
        Folder{"models/electra", "texts"}, Folder{"models/mpnet", "texts"}, Folder{"models/albert", "texts"},
        Folder{"tasks/models/mask-albert", "mask"}, Folder{"tasks/models/ranker", "texts"},
        Folder{"tasks/models/nli", "texts"}, Folder{"tasks/models/tokens", "tokens"},
        Folder{"tasks/models/tokens-distilbert", "tokens"}, Folder{"tasks/models/tokens-roberta", "tokens"},
        Folder{"tasks/models/tokens-xlm-roberta", "tokens"}, Folder{"tasks/models/question", "answers"},
        Folder{"tasks/models/question-distilbert", "answers"}, Folder{"tasks/models/question-roberta", "answers"},
        Folder{"tasks/models/mask", "mask"}, Folder{"tasks/models/mask-distilbert", "mask"},
        Folder{"tasks/models/mask-roberta", "mask"}, Folder{"tasks/models/mask-electra", "mask"},
        Folder{"embeddings/models/mean", "embedding"}, Folder{"embeddings/models/cls", "embedding"},
        Folder{"embeddings/models/dense", "embedding"}, Folder{"embeddings/models/mpnet", "embedding"},
        Folder{"embeddings/models/multilingual", "embedding"}),
    [](const auto& info) {
      std::string name = info.param.path;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return name;
    });

}  // namespace
}  // namespace latformer
