#include "core/tasks/embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/unit/support/random_bert.h"

namespace latformer {
namespace {

using testing::config_of;
using testing::random_bert;
using testing::safetensors_of;

std::string vocabulary() {
  std::string text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (char c = 'a'; c <= 'z'; ++c) text += std::string(1, c) + "\n##" + c + "\n";
  return text;
}

const BertConfig kConfig = config_of({.layers = 3, .heads = 2, .head_size = 8, .vocab_size = 64, .positions = 32});
const std::string kConfigJson = testing::config_json(kConfig);
const std::string kVocabulary = vocabulary();
const std::string kModules = R"([
  {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
  {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])";
// As sentence-transformers wrote it up to version 5.
const std::string kMean = R"({"word_embedding_dimension": 16, "pooling_mode_cls_token": false,
  "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false})";

ModelFiles plain_files() {
  ModelFiles files;
  files.config_json = kConfigJson;
  files.vocab_txt = kVocabulary;
  return files;
}

ModelFiles sentence_files() {
  ModelFiles files;
  files.modules_json = kModules;
  files.pooling_json = kMean;
  return files;
}

Embedder load(const ModelFiles& files, const std::vector<testing::NamedTensor>& tensors = random_bert(kConfig, 5)) {
  EmbedderLoader loader = EmbedderLoader::create(files).value();
  EXPECT_TRUE(loader.append(safetensors_of(tensors)).ok());
  return loader.finish().value();
}

Embedding run(Embedder& embedder, std::string_view text, const EmbedOptions& options = {}) {
  const TextInput input{.text = text, .text_pair = {}};
  return embedder.run({&input, 1}, options).value().front();
}

// A folder of a BERT without a head: the mean of its rows, not normalised.
TEST(Embedder, TakesAPlainEncoder) {
  std::vector<testing::NamedTensor> tensors = random_bert(kConfig, 5);
  std::erase_if(tensors, [](const auto& tensor) {
    return tensor.name.find("pooler") != std::string::npos || tensor.name.find("classifier") != std::string::npos;
  });
  Embedder embedder = load(plain_files(), tensors);
  EXPECT_EQ(embedder.max_tokens(), 32U);

  const Embedding plain = run(embedder, "a b c d e f g");
  EXPECT_EQ(plain.values.size(), 16U);
  EXPECT_EQ(plain.windows.front().tokens_per_layer, (std::vector<uint32_t>{9, 9, 9}));
  EmbedOptions options;
  options.normalize = true;
  const Embedding normal = run(embedder, "a b c d e f g", options);
  double squares = 0;
  for (const float value : plain.values) squares += static_cast<double>(value) * value;
  for (size_t k = 0; k < 16; ++k) EXPECT_NEAR(normal.values[k] * std::sqrt(squares), plain.values[k], 1e-5);
}

TEST(Embedder, DropsInEveryLayerTheLastIncluded) {
  Embedder embedder = load(plain_files());
  EmbedOptions options;
  options.speedup = 1.5;
  const Embedding fast = run(embedder, "a b c d e f g h i j k l m n o p", options);
  EXPECT_LT(fast.windows.front().tokens_per_layer.back(), 18U);
  EXPECT_GE(fast.windows.front().schedule.achieved, 1.5);
  for (const float value : fast.values) EXPECT_TRUE(std::isfinite(value));
  ASSERT_TRUE(embedder.calibrate(0, 20).ok());
  EXPECT_FALSE(embedder.time_model()->last.has_value()) << "counted in milliseconds all layers are alike";
  options.budget = 100;
  EXPECT_EQ(run(embedder, "a b c", options).values, run(embedder, "a b c").values);
}

TEST(Embedder, KnowsItsPrompts) {
  ModelFiles files = plain_files();
  files.modules_json = kModules;
  files.pooling_json = kMean;
  files.config_sentence_transformers_json =
      R"({"prompts": {"query": "q q ", "none": ""}, "default_prompt_name": null})";
  Embedder embedder = load(files);
  EmbedOptions options;
  options.prompt_name = "query";
  EXPECT_EQ(run(embedder, "a b", options).values, run(embedder, "q q a b").values);
  options.prompt_name = "none";
  EXPECT_EQ(run(embedder, "a b", options).values, run(embedder, "a b").values);
  options.prompt_name = "passage";
  const TextInput input{.text = "a", .text_pair = {}};
  EXPECT_EQ(embedder.run({&input, 1}, options).status().code(), ErrorCode::invalid_argument);
}

TEST(SentenceFolder, ReadsOldAndNewFiles) {
  ModelFiles files = sentence_files();
  files.sentence_bert_config_json = R"({"max_seq_length": 24, "do_lower_case": false})";
  const SentenceSettings old = parse_sentence_folder(kConfig, files).value();
  EXPECT_EQ(old.pooling.pooling, Pooling::mean);
  EXPECT_EQ(old.pooling.max_tokens, 24U);
  EXPECT_FALSE(old.normalize);
  files.pooling_json = R"({"embedding_dimension": 16, "pooling_mode": "cls"})";
  files.sentence_bert_config_json = "{}";
  EXPECT_EQ(parse_sentence_folder(kConfig, files)->pooling.pooling, Pooling::cls);
  EXPECT_FALSE(parse_sentence_folder(kConfig, files)->pooling.max_tokens.has_value());
}

TEST(Embedder, CutsTextsAtWhatItWasMadeFor) {
  ModelFiles files = plain_files();
  files.tokenizer_config_json = R"({"model_max_length": 20})";
  EXPECT_EQ(load(files).max_tokens(), 20U);
  files.modules_json = kModules;
  files.pooling_json = kMean;
  files.sentence_bert_config_json = R"({"max_seq_length": 24})";
  EXPECT_EQ(load(files).max_tokens(), 24U);
  files.sentence_bert_config_json = R"({"max_seq_length": 512})";
  EXPECT_EQ(load(files).max_tokens(), 32U) << "the model has no more positions";
}

TEST(SentenceFolder, SaysWhatItCannotRun) {
  ASSERT_TRUE(parse_sentence_folder(kConfig, sentence_files()).ok());
  const auto expect = [&](ErrorCode code, std::string_view part, auto change) {
    ModelFiles files = sentence_files();
    change(files);
    const Status status = parse_sentence_folder(kConfig, files).status();
    EXPECT_EQ(name_of(status.code()), name_of(code)) << status.message();
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  };
  expect(ErrorCode::bad_model, "1_Pooling/config.json is missing", [](ModelFiles& f) { f.pooling_json = {}; });
  expect(ErrorCode::unsupported_model, "pooling_mode_max_tokens is true",
         [](ModelFiles& f) { f.pooling_json = R"({"pooling_mode_max_tokens": true})"; });
  expect(ErrorCode::unsupported_model, "not for 0", [](ModelFiles& f) { f.pooling_json = "{}"; });
  expect(ErrorCode::unsupported_model, "pooling_mode is \"lasttoken\"",
         [](ModelFiles& f) { f.pooling_json = R"({"pooling_mode": "lasttoken"})"; });
  expect(ErrorCode::bad_model, "hidden_size is 16",
         [](ModelFiles& f) { f.pooling_json = R"({"pooling_mode": "mean", "word_embedding_dimension": 8})"; });
  expect(ErrorCode::unsupported_model, "models.CLIPModel",
         [](ModelFiles& f) { f.modules_json = R"([{"path": "", "type": "sentence_transformers.models.CLIPModel"}])"; });
  expect(ErrorCode::unsupported_model, "has no Pooling", [](ModelFiles& f) { f.modules_json = "[]"; });
  expect(ErrorCode::unsupported_model, "do_lower_case is true",
         [](ModelFiles& f) { f.sentence_bert_config_json = R"({"do_lower_case": true})"; });
  expect(ErrorCode::bad_model, "default_prompt_name names no prompt", [](ModelFiles& f) {
    f.config_sentence_transformers_json = R"({"prompts": {}, "default_prompt_name": "query"})";
  });
  expect(ErrorCode::bad_model, "2_Dense/config.json is missing", [](ModelFiles& f) {
    f.modules_json = R"([{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"},
                         {"path": "2_Dense", "type": "a.Dense"}])";
  });
}

}  // namespace
}  // namespace latformer
