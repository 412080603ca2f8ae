// Embeddings that learn: the module's vectors are the core's, and a run makes a folder whose vectors are its own at any
// speed.
#include "core/train/run/own_vectors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/elimination/schedule.h"
#include "core/files/files.h"
#include "core/tasks/embedding.h"
#include "core/train/modules/model_folder.h"
#include "core/train/modules/torch.h"
#include "core/train/report/evaluate.h"
#include "core/train/run/finetune.h"
#include "tests/train/folders.h"

namespace latformer::train {
namespace {

namespace fs = std::filesystem;

// A folder of sentence-transformers at folder/name.
fs::path make_embedder(const Folder& folder, const std::string& name, bool normalize, bool cls = false) {
  const fs::path path = make_model(folder, name, /*classifier=*/false);
  fs::create_directories(path / "1_Pooling");
  std::string modules = R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
    {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"})";
  if (normalize) modules += R"(, {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"})";
  folder.write(name + "/modules.json", modules + "]");
  folder.write(name + "/1_Pooling/config.json",
               std::string(R"({"word_embedding_dimension": 16, "pooling_mode_cls_token": )") +
                   (cls ? "true" : "false") + R"(, "pooling_mode_mean_tokens": )" + (cls ? "false" : "true") + "}");
  folder.write(name + "/sentence_bert_config.json", R"({"max_seq_length": 12, "do_lower_case": false})");
  folder.write(name + "/config_sentence_transformers.json",
               R"({"prompts": {"query": "a0 b0 ", "passage": ""}, "default_prompt_name": "query"})");
  return path;
}

Embedder open_embedder(const fs::path& path) {
  const FolderTexts texts = FolderTexts::read(path).value();
  auto loader = EmbedderLoader::create(texts.files);
  EXPECT_TRUE(loader.ok()) << loader.status().message();
  const std::string weights = read_file(path / "model.safetensors").value();
  EXPECT_TRUE(loader->append(std::as_bytes(std::span(weights))).ok());
  return loader->finish().value();
}

std::vector<LabelledText> texts_in(const fs::path& file) {
  const std::vector<fs::path> files = {file};
  return read_labelled_texts(files, {}, ProblemType::single_label).value();
}

std::vector<float> vector_of(Embedder& embedder, const std::string& text, double speedup) {
  EmbedOptions options;
  options.speedup = speedup;
  const TextInput input{.text = text, .text_pair = {}};
  return embedder.run({&input, 1}, options).value().front().values;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double aa = 0, bb = 0, ab = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    aa += static_cast<double>(a[k]) * a[k];
    bb += static_cast<double>(b[k]) * b[k];
    ab += static_cast<double>(a[k]) * b[k];
  }
  return ab / std::sqrt(aa * bb);
}

// Mean over the texts of a file, to the vectors that the model at `full` gives in full.
double mean_cosine_to(const fs::path& full, const fs::path& model, const fs::path& file, double speedup) {
  Embedder wanted = open_embedder(full), embedder = open_embedder(model);
  double sum = 0;
  const auto texts = texts_in(file);
  for (const LabelledText& text : texts) {
    sum += cosine(vector_of(wanted, text.text, 1), vector_of(embedder, text.text, speedup));
  }
  return sum / static_cast<double>(texts.size());
}

FinetuneOptions vector_options(const Folder& folder) {
  torch::set_num_threads(1);
  FinetuneOptions options;
  options.problem = ProblemType::embedding;
  options.model = make_embedder(folder, "embedder", /*normalize=*/true);
  std::string lines;
  for (const LabelledText& text : texts_in(make_texts(folder, "train", 600, 1))) lines += text.text + "\n\n";
  options.data = {folder.write("lines.txt", lines)};
  options.work = folder / "work";
  options.target = folder / "model";
  options.holdout = 60;
  options.max_tokens = 32;
  options.evaluate_every = 0;
  options.train.teacher.epochs = 0;
  options.train.elimination = {.epochs = 6, .learning_rate = 3e-3};
  options.train.batches = {.max_tokens = 400, .max_texts = 16};
  options.train.target_speedup = 3;
  return options;
}

Status train_vectors(const FinetuneOptions& options, bool stop_at_once = false) {
  const std::atomic<bool> stop = stop_at_once;
  const Peers alone;
  return finetune(options, alone, stop);
}

TEST(OwnVectors, AreThoseOfTheCoreAtEverySpeed) {
  const Folder folder;
  const std::vector<LabelledText> texts = texts_in(make_texts(folder, "texts", 30, 4));
  int number = 0;
  for (const bool cls : {false, true}) {
    for (const bool normalize : {false, true}) {
      const fs::path path = make_embedder(folder, "m" + std::to_string(number++), normalize, cls);
      Embedder embedder = open_embedder(path);
      const ModelFolder model = ModelFolder::open(path).value();
      const SentenceSettings sentences = model.sentences().value();
      BertConfig config = model.config;
      config.problem_type = ProblemType::embedding;
      config.labels.clear();
      const BertModule module(config, model.weights(config, 1).value(), vector_head_of(sentences));
      std::vector<LabelledText> prompted = texts;
      put_prompt_before(prompted, sentences);
      const auto examples = encode_examples(prompted, model.tokenizer, config, *sentences.pooling.max_tokens);
      ASSERT_FALSE(examples.ok());  // its labels are no labels of the model
      for (LabelledText& text : prompted) text.is_labelled = false;
      const auto bare = encode_examples(prompted, model.tokenizer, config, *sentences.pooling.max_tokens).value();
      Scheduler scheduler(module.config().cost, default_profile(config.num_hidden_layers));
      for (const double speedup : {1.0, 1.5, 2.0}) {
        const auto ours = logits_of(module, bare, scheduler, speedup, {}).value();
        for (size_t t = 0; t < texts.size(); ++t) {
          const std::vector<float> theirs = vector_of(embedder, texts[t].text, speedup);
          ASSERT_EQ(ours[t].size(), theirs.size());
          for (size_t k = 0; k < theirs.size(); ++k) EXPECT_NEAR(ours[t][k], theirs[k], 1e-4) << path << t;
        }
      }
    }
  }
}

TEST(OwnVectors, AreLearnedWithFewerWords) {
  const Folder folder;
  const FinetuneOptions options = vector_options(folder);
  const Status status = train_vectors(options);
  ASSERT_TRUE(status.ok()) << status.message();
  for (const char* file : {"modules.json", "1_Pooling/config.json", "sentence_bert_config.json",
                           "config_sentence_transformers.json", "vocab.txt", "profile.json"}) {
    EXPECT_TRUE(is_file(options.target / file)) << file;
  }
  Embedder embedder = open_embedder(options.target);
  EXPECT_TRUE(embedder.settings().normalize);
  EXPECT_EQ(embedder.profile().acc.size(), 3U);
  EXPECT_EQ(embedder.max_speedup(), 3);

  // The same profile without what was learned.
  const fs::path untrained = make_embedder(folder, "untrained", /*normalize=*/true);
  ASSERT_TRUE(copy_if_there("profile.json", options.target, untrained).ok());
  const fs::path others = make_texts(folder, "others", 100, 2);
  EXPECT_GT(mean_cosine_to(options.model, options.target, others, 1), 0.95);
  const double before = mean_cosine_to(options.model, untrained, others, 2);
  const double after = mean_cosine_to(options.model, options.target, others, 2);
  EXPECT_LT(1 - after, 0.7 * (1 - before)) << before << " " << after;
}

TEST(OwnVectors, KeepTheirModelWhereNothingIsLeftToTrain) {
  const Folder folder;
  FinetuneOptions options = vector_options(folder);
  options.train.elimination = {.epochs = 0.2, .learning_rate = 0};
  const Status status = train_vectors(options);
  ASSERT_TRUE(status.ok()) << status.message();
  Embedder before = open_embedder(options.model), after = open_embedder(options.target);
  const std::string text = "a1 b2 b3 a7";
  EXPECT_EQ(vector_of(after, text, 1), vector_of(before, text, 1));
}

TEST(OwnVectors, ResumedEndsWithTheSameWeights) {
  const Folder folder;
  FinetuneOptions options = vector_options(folder);
  options.train.elimination.epochs = 0.5;
  ASSERT_TRUE(train_vectors(options).ok());
  const std::string whole = read_file(options.target / "model.safetensors").value();
  options.work = folder / "work2";
  options.target = folder / "model2";
  Status status;
  for (int stops = 0; stops < 1000; ++stops) {
    status = train_vectors(options, /*stop_at_once=*/true);
    if (status.code() != ErrorCode::cancelled) break;
    options.resume = true;
  }
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(read_file(options.target / "model.safetensors").value(), whole);
}

TEST(OwnVectors, APlainEncoderHasTheMean) {
  const Folder folder;
  FinetuneOptions options = vector_options(folder);
  options.model = make_model(folder, "plain", /*classifier=*/false);
  options.train.elimination.epochs = 0.2;
  options.train.full_every = 2;
  options.train.pruned_batch = 2;
  options.train.rows_weight = options.train.hidden_weight = 0.1;
  const Status status = train_vectors(options);
  ASSERT_TRUE(status.ok()) << status.message();
  Embedder embedder = open_embedder(options.target);
  EXPECT_TRUE(embedder.settings().is_plain);
  options.dry_run = true;
  options.work = folder / "work2";
  options.target = folder / "model2";
  EXPECT_TRUE(train_vectors(options).ok());
}

TEST(OwnVectors, SaysWhatHasNoSay) {
  const Folder folder;
  const auto expect = [&](const std::function<void(FinetuneOptions&)>& change, const std::string& part) {
    FinetuneOptions options = vector_options(folder);
    change(options);
    const Status status = train_vectors(options);
    ASSERT_FALSE(status.ok()) << part;
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  };
  expect([](FinetuneOptions& o) { o.train.teacher.epochs = 1; }, "--teacher-epochs");
  expect([](FinetuneOptions& o) { o.layers = 2; }, "--layers");
  expect([](FinetuneOptions& o) { o.labels = {"A", "B"}; }, "--labels");
  expect([](FinetuneOptions& o) { o.columns.logits = "logits"; }, "--logits-column");
  expect([](FinetuneOptions& o) { o.train.distill = false; }, "--no-distill");
  expect([&](FinetuneOptions& o) { o.data = {folder.write("empty.txt", "\n \n")}; }, "holds no text");
  expect([&](FinetuneOptions&) { folder.write("embedder/1_Pooling/config.json", "{}"); }, "one pooling");
}

}  // namespace
}  // namespace latformer::train
