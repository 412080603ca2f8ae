// Memory that runs out at every single allocation of load, classify and calibrate, once or from there on: the answer is
// out_of_memory, nothing leaks, and what was there before works on.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/tasks/classification.h"
#include "core/tasks/embedding.h"
#include "tests/unit/support/allocations.h"
#include "tests/unit/support/random_bert.h"
#include "tests/unit/tasks/each_allocation.h"

namespace latformer {
namespace {

using testing::fail_each_allocation;

constexpr std::string_view kVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n##a\n##b\n";
constexpr std::string_view kProfile =
    R"({"version": 1, "retention": [0.6, 0.4], "dropped": "merge", "max_speedup": 3})";
constexpr std::string_view kTokenizer = R"({
  "added_tokens": [{"content": "[MASK]", "lstrip": true, "special": true}, {"content": "b c", "normalized": true}],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                 "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[MASK]": 3, "a": 4, "b": 5, "##a": 6, "c": 7}}})";

struct Folder {
  std::string config;
  std::string_view tokenizer, vocab;
  std::vector<std::byte> weights;
  LoadOptions options;

  Folder(DType stored, LoadOptions how) : options(std::move(how)) {
    const auto shape = testing::config_of({.layers = 2, .heads = 2, .head_size = 4, .intermediate_size = 16});
    config = testing::config_json(shape);
    weights = testing::safetensors_of(testing::random_bert(shape, 4, stored));
  }

  Result<Classifier> load() const {
    LATFORMER_ASSIGN(ClassifierLoader loader, ClassifierLoader::create({.config_json = config,
                                                                        .tokenizer_json = tokenizer,
                                                                        .tokenizer_config_json = {},
                                                                        .vocab_txt = vocab,
                                                                        .profile_json = kProfile},
                                                                       options));
    const std::span<const std::byte> bytes = weights;
    LATFORMER_TRY(loader.append(bytes.first(1000)));
    LATFORMER_TRY(loader.append(bytes.subspan(1000)));
    return loader.finish();
  }
};

std::vector<float> answers_of(Classifier& classifier, const RunOptions& options) {
  const std::vector<TextInput> inputs{{"a b c [MASK] ab", {}}, {"a", "b c"}};
  const auto answers = classifier.run(inputs, options);
  EXPECT_TRUE(answers.ok()) << answers.status().message();
  std::vector<float> logits;
  for (const Classification& answer : *answers) logits.insert(logits.end(), answer.logits.begin(), answer.logits.end());
  return logits;
}

class OutOfMemory : public ::testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (!testing::can_fail_allocations()) GTEST_SKIP() << "allocations cannot be made to fail in this build";
    folder_.vocab = kVocab;
  }
  double now_ = 0;
  Folder folder_{GetParam(), {.clock = [this] { return now_ += 0.05; }}};
};

TEST_P(OutOfMemory, WhileLoading) {
  for (const bool has_tokenizer : {false, true}) {
    folder_.tokenizer = has_tokenizer ? kTokenizer : "";
    const std::vector<float> expected = [&] {
      Classifier classifier = folder_.load().value();
      return answers_of(classifier, {.speedup = 2});
    }();
    const size_t held = testing::heap_bytes();
    const size_t failures =
        fail_each_allocation([&] { return folder_.load().status(); }, [&] { EXPECT_EQ(testing::heap_bytes(), held); });
    EXPECT_GT(failures, 200U);
    Classifier classifier = folder_.load().value();
    EXPECT_EQ(answers_of(classifier, {.speedup = 2}), expected);
  }
}

TEST_P(OutOfMemory, WhileClassifying) {
  Classifier calm = folder_.load().value();
  for (const LongText long_text : {LongText::truncate, LongText::windows}) {
    std::string text;
    for (int i = 0; i < 150; ++i) text += "ab c ";
    const std::vector<TextInput> inputs{{text, {}}, {"a", {}}};
    const RunOptions options{.speedup = 2, .long_text = long_text};
    const std::vector<float> expected = answers_of(calm, {.speedup = 3});
    std::optional<Classifier> classifier;
    const auto work = [&] { return classifier->run(inputs, options).status(); };
    const auto renew = [&] { classifier.emplace(folder_.load().value()); };
    renew();
    const size_t failures = fail_each_allocation(work, [&] {
      EXPECT_EQ(answers_of(*classifier, {.speedup = 3}), expected);
      renew();  // what was allocated the first time is kept for the next call
    });
    EXPECT_GT(failures, 100U);
  }
}

TEST_P(OutOfMemory, WhileCalibrating) {
  Classifier classifier = folder_.load().value();
  const std::vector<float> expected = answers_of(classifier, {.speedup = 2});
  const size_t failures = fail_each_allocation([&] { return classifier.calibrate(0, 3); },
                                               [&] {
                                                 if (!classifier.time_model()) {
                                                   EXPECT_EQ(answers_of(classifier, {.speedup = 2}), expected);
                                                 }
                                                 classifier = folder_.load().value();
                                               });
  EXPECT_GT(failures, 50U);
  ASSERT_TRUE(classifier.calibrate(0, 3).ok());
  const std::string kept = to_json(*classifier.time_model());
  EXPECT_GT(fail_each_allocation([&] { return classifier.restore_calibration(kept); },
                                 [&] { EXPECT_EQ(to_json(*classifier.time_model()), kept); }),
            10U);
}

// The same of embeddings, with a prompt, pooling and a dense layer of the folder's own.
TEST_P(OutOfMemory, WhileEmbedding) {
  const std::string modules = R"([
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])";
  const ModelFiles files{
      .config_json = folder_.config,
      .vocab_txt = kVocab,
      .profile_json = kProfile,
      .modules_json = modules,
      .config_sentence_transformers_json = R"({"prompts": {"q": "a a "}, "default_prompt_name": "q"})",
      .pooling_json = R"({"word_embedding_dimension": 8, "pooling_mode_mean_tokens": true})"};
  const auto load = [&]() -> Result<Embedder> {
    LATFORMER_ASSIGN(EmbedderLoader loader, EmbedderLoader::create(files, folder_.options));
    LATFORMER_TRY(loader.append(folder_.weights));
    return loader.finish();
  };
  std::string text;
  for (int i = 0; i < 150; ++i) text += "ab c ";
  const std::vector<TextInput> inputs{{text, {}}, {"a", {}}};
  EmbedOptions options;
  options.long_text = LongText::windows;
  options.speedup = 2;
  const auto run = [&](Embedder& embedder) { return embedder.run(inputs, options); };

  std::optional<Embedder> embedder;
  embedder.emplace(load().value());
  const std::vector<float> expected = run(*embedder).value().front().values;
  embedder.reset();
  const size_t held = testing::heap_bytes();
  EXPECT_GT(fail_each_allocation([&] { return load().status(); }, [&] { EXPECT_EQ(testing::heap_bytes(), held); }),
            200U);
  embedder.emplace(load().value());
  EXPECT_GT(fail_each_allocation([&] { return run(*embedder).status(); },
                                 [&] {
                                   EXPECT_EQ(run(*embedder).value().front().values, expected);
                                   embedder.emplace(load().value());
                                 }),
            100U);
  EXPECT_GT(fail_each_allocation([&] { return embedder->calibrate(0, 3); }, [&] { embedder.emplace(load().value()); }),
            50U);
}

INSTANTIATE_TEST_SUITE_P(Stored, OutOfMemory, ::testing::Values(DType::f32, DType::i8),
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace latformer
