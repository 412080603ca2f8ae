// Embeddings against sentence-transformers (speedup 1) and an independent reference (other speedups): see
// tests/parity/embeddings/make_goldens.py.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/format/json.h"
#include "core/tasks/embedding.h"

namespace latformer {
namespace {

const std::string kFolder = std::string(LATFORMER_SOURCE_DIR) + "/tests/parity/embeddings/";
constexpr double kTolerance = 2e-5;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<Embedder> load(const std::string& folder) {
  std::array<std::string, kModelFiles.size()> texts;
  ModelFiles files;
  for (size_t i = 0; i < texts.size(); ++i) {
    texts[i] = read_file(folder + "/" + std::string(kModelFiles[i].name));
    files.*kModelFiles[i].text = texts[i];
  }
  LATFORMER_ASSIGN(EmbedderLoader loader, EmbedderLoader::create(files));
  const std::string weights = read_file(folder + "/model.safetensors");
  LATFORMER_TRY(loader.append(std::as_bytes(std::span(weights))));
  return loader.finish();
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder + "goldens")) {
    names.push_back(entry.path().stem().string());
  }
  return names;
}

class Embeddings : public testing::TestWithParam<std::string> {
 protected:
  Embeddings()
      : document_(JsonDocument::parse("golden", read_file(kFolder + "goldens/" + GetParam() + ".json")).value()) {}

  JsonArray cases() const { return document_.root()["cases"].array().value(); }

  JsonDocument document_;
};

TEST_P(Embeddings, AreThoseOfTheGoldens) {
  Result<Embedder> embedder = load(kFolder + "models/" + GetParam());
  ASSERT_TRUE(embedder.ok()) << embedder.status().message();
  size_t runs = 0;
  for (const JsonValue expected : cases()) {
    const TextInput input{.text = expected["text"].string().value(), .text_pair = {}};
    for (const JsonValue run : expected["runs"].array().value()) {
      EmbedOptions options;
      options.speedup = run["speedup"].number().value();
      if (expected["prompt_name"].given()) options.prompt_name = expected["prompt_name"].string().value();
      SCOPED_TRACE(std::string(input.text) + ", speedup " + std::to_string(options.speedup));
      const auto embeddings = embedder->run({&input, 1}, options);
      ASSERT_TRUE(embeddings.ok()) << embeddings.status().message();
      const Embedding& embedding = embeddings->front();
      const Trace& window = embedding.windows.front();
      size_t layer = 0;
      for (const JsonValue count : run["counts"].array().value()) {
        EXPECT_EQ(count.integer(1, 1 << 20).value(), window.tokens_per_layer.at(layer++));
      }
      EXPECT_EQ(layer, window.tokens_per_layer.size());
      EXPECT_NEAR(window.schedule.achieved / run["achieved"].number().value(), 1, 1e-9);
      size_t k = 0;
      for (const JsonValue value : run["values"].array().value()) {
        EXPECT_NEAR(embedding.values.at(k++), value.number().value(), kTolerance);
      }
      EXPECT_EQ(k, embedding.values.size());
      ++runs;
    }
  }
  EXPECT_GT(runs, 20U);
}

TEST_P(Embeddings, ABatchGivesWhatItsTextsGive) {
  Embedder embedder = load(kFolder + "models/" + GetParam()).value();
  std::vector<TextInput> inputs;
  for (const JsonValue each : cases()) inputs.push_back({.text = each["text"].string().value(), .text_pair = {}});
  EmbedOptions options;
  options.speedup = 2;
  const std::vector<Embedding> together = embedder.run(inputs, options).value();
  for (size_t t = 0; t < inputs.size(); ++t) {
    const Embedding alone = embedder.run({&inputs[t], 1}, options).value().front();
    for (size_t k = 0; k < alone.values.size(); ++k) EXPECT_NEAR(alone.values[k], together[t].values[k], 2e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Embeddings, testing::ValuesIn(golden_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace latformer
