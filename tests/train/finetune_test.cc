// A whole run on a tiny model: it learns, it can be stopped and taken up again, and what is wrong is said.
#include "core/train/run/finetune.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "core/files/files.h"
#include "core/tasks/classification.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/torch.h"
#include "core/train/report/evaluate.h"
#include "core/train/report/metrics.h"
#include "core/train/run/label.h"
#include "tests/train/folders.h"

namespace latformer::train {
namespace {

namespace fs = std::filesystem;
const std::atomic<bool> kNever = false;
const Peers alone;

FinetuneOptions options_in(const Folder& folder) {
  torch::set_num_threads(1);
  FinetuneOptions options;
  options.model = make_model(folder, "encoder", /*classifier=*/false);
  options.data = {make_texts(folder, "train", 600, 1)};
  options.work = folder / "work";
  options.target = folder / "model";
  options.holdout = 60;
  options.max_tokens = 32;
  options.evaluate_every = 0;
  options.train.teacher = {.epochs = 4, .learning_rate = 5e-3};
  options.train.elimination = {.epochs = 2, .learning_rate = 3e-3};
  options.train.batches = {.max_tokens = 400, .max_texts = 16};
  options.train.target_speedup = 3;
  return options;
}

Classifier load(const fs::path& folder) {
  const std::string config = read_file(folder / "config.json").value();
  const std::string vocab = read_file(folder / "vocab.txt").value();
  const std::string profile = is_file(folder / "profile.json") ? read_file(folder / "profile.json").value() : "";
  const std::string weights = read_file(folder / "model.safetensors").value();
  auto loader = ClassifierLoader::create({.config_json = config,
                                          .tokenizer_json = {},
                                          .tokenizer_config_json = {},
                                          .vocab_txt = vocab,
                                          .profile_json = profile});
  EXPECT_TRUE(loader.ok()) << loader.status().message();
  EXPECT_TRUE(loader->append(std::as_bytes(std::span(weights))).ok());
  return loader->finish().value();
}

double accuracy(Classifier& classifier, const fs::path& file, double speedup) {
  const std::vector<fs::path> files = {file};
  const auto texts = read_labelled_texts(files, {}, ProblemType::single_label).value();
  size_t right = 0;
  for (const LabelledText& text : texts) {
    const TextInput input{text.text, std::nullopt};
    const auto result = classifier.run({&input, 1}, {.speedup = speedup}).value();
    const std::vector<float>& logits = result[0].logits;
    right += (logits[1] > logits[0]) == (text.labels[0] == "1") ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(texts.size());
}

std::string weights_in(const fs::path& folder) { return read_file(folder / "model.safetensors").value(); }

TEST(Finetune, TeachesATaskThatTheCoreThenDoesAtEverySpeed) {
  const Folder folder;
  const FinetuneOptions options = options_in(folder);
  const Status status = finetune(options, alone, kNever);
  ASSERT_TRUE(status.ok()) << status.message();
  Classifier classifier = load(options.target);
  EXPECT_EQ(classifier.config().labels, (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
  EXPECT_EQ(classifier.max_speedup(), 3);
  EXPECT_EQ(classifier.profile().acc.size(), 3U);
  const fs::path others = make_texts(folder, "others", 200, 2);
  EXPECT_GT(accuracy(classifier, others, 1), 0.9);
  EXPECT_GT(accuracy(classifier, others, 2), 0.75);
}

TEST(Finetune, ResumedEndsWithTheSameWeights) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.train.teacher.epochs = 1;
  options.train.elimination.epochs = 0.5;
  ASSERT_TRUE(finetune(options, alone, kNever).ok());
  const std::string whole = weights_in(options.target);

  options.work = folder / "work2";
  options.target = folder / "model2";
  const std::atomic<bool> at_once = true;
  Status status;
  for (int stops = 0; stops < 1000; ++stops) {  // after every single step
    status = finetune(options, alone, at_once);
    if (status.code() != ErrorCode::cancelled) break;
    EXPECT_FALSE(fs::exists(options.target));
    options.resume = true;
  }
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(weights_in(options.target), whole);
}

TEST(Finetune, LeavesFrozenEmbeddingsAsTheyAre) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.train.teacher.epochs = 0.5;
  options.train.elimination.epochs = 0.5;
  options.freeze_embeddings = true;
  ASSERT_TRUE(finetune(options, alone, kNever).ok());
  const auto weights_of = [](const fs::path& path) {
    const ModelFolder model = ModelFolder::open(path).value();
    return model.weights(model.config, 1).value();
  };
  const auto before = weights_of(options.model), after = weights_of(options.target);
  for (const auto& [name, tensor] : before) {
    if (!name.starts_with("classifier.") && !name.starts_with("pooler.")) {
      EXPECT_EQ(torch::equal(tensor, after.at(name)), name.starts_with("embeddings.")) << name;
    }
  }
}

TEST(Finetune, SameSeedSameWeightsOtherSeedOthers) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.train.teacher.epochs = 0.5;
  options.train.elimination.epochs = 0.5;
  std::vector<std::string> weights;
  for (const uint64_t seed : {1, 1, 2}) {
    options.train.seed = seed;
    options.work = folder / ("work" + std::to_string(weights.size()));
    options.target = folder / ("model" + std::to_string(weights.size()));
    ASSERT_TRUE(finetune(options, alone, kNever).ok());
    weights.push_back(weights_in(options.target));
  }
  EXPECT_EQ(weights[0], weights[1]);
  EXPECT_NE(weights[0], weights[2]);
}

TEST(Finetune, ExportsScorersThatLearnedUnlessAttentionAloneIsToScore) {
  const Folder folder;
  for (const bool scorers : {true, false}) {
    FinetuneOptions options = options_in(folder);
    options.train.teacher.epochs = 0.2;
    options.train.elimination.epochs = 0.2;
    options.scorers = scorers;
    options.work = folder / (scorers ? "work-trained" : "work-attention");
    options.target = folder / (scorers ? "trained" : "attention");
    ASSERT_TRUE(finetune(options, alone, kNever).ok());
    const auto model = ModelFolder::open(options.target);
    ASSERT_TRUE(model.ok());
    const auto weights = model->weights(model->config, 1);
    ASSERT_TRUE(weights.ok());
    ASSERT_FALSE(scorer_names(model->config).empty());
    for (const std::string& name : scorer_names(model->config)) {
      ASSERT_EQ(weights->contains(name), scorers) << name;
      if (!scorers) continue;
      EXPECT_GT(weights->at(name).abs().max().item<float>(), 0) << name;
    }
  }
}

TEST(Finetune, EveryArmRuns) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.train.teacher.epochs = 0.2;
  options.train.elimination.epochs = 0.2;
  int number = 0;
  for (const bool sandwich : {false, true}) {
    for (const bool distill : {false, true}) {
      for (const Dropped dropped : {Dropped::discard, Dropped::merge}) {
        options.train.sandwich = sandwich;
        options.train.distill = distill;
        options.dropped = dropped;
        options.work = folder / ("work" + std::to_string(number));
        options.target = folder / ("model" + std::to_string(number++));
        const Status status = finetune(options, alone, kNever);
        EXPECT_TRUE(status.ok()) << status.message();
      }
    }
  }
  options.train.hidden_weight = 1;
  options.bf16 = true;
  options.work = folder / "work-half";
  options.target = folder / "model-half";
  const Status status = finetune(options, alone, kNever);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(Finetune, LearnsSeveralLabelsPairsAndNumbers) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.train.teacher.epochs = options.train.elimination.epochs = 1;
  std::string several, numbers = "text_pair,text,label\n";
  for (int i = 0; i < 40; ++i) {
    several += i % 2 == 0 ? R"({"text": "a1 b2", "label": ["first", "second"]})" : R"({"text": "b1", "label": []})";
    several += "\n";
    numbers += i % 2 == 0 ? "\"a1, b2\",a3,0.5\n" : "b1,\"b2\",4\n";
  }
  options.data = {folder.write("several.jsonl", several)};
  options.problem = ProblemType::multi_label;
  Status status = finetune(options, alone, kNever);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(load(options.target).config().labels, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(load(options.target).config().problem_type, ProblemType::multi_label);

  options.data = {folder.write("numbers.csv", numbers)};
  options.problem = ProblemType::regression;
  options.work = folder / "work2";
  options.target = folder / "model2";
  status = finetune(options, alone, kNever);
  ASSERT_TRUE(status.ok()) << status.message();
  Classifier classifier = load(options.target);
  EXPECT_EQ(classifier.config().num_labels(), 1U);
  const TextInput pair{"a3", "a1, b2"};
  EXPECT_TRUE(std::isfinite(classifier.run({&pair, 1}, {}).value()[0].logits[0]));
}

TEST(Finetune, PartsSeveralLabelsAtCommasUnlessTheyAreAList) {
  const Folder folder;
  const std::vector<fs::path> files = {folder.write("several.jsonl", R"({"text": "a", "label": ["Smith, John"]}
{"text": "a", "label": ["Smith, John", "x"]}
{"text": "a", "label": "x, y"}
{"text": "a", "label": ""}
{"text": "a", "label": []}
)")};
  const auto texts = read_labelled_texts(files, {}, ProblemType::multi_label);
  ASSERT_TRUE(texts.ok()) << texts.status().message();
  const std::vector<std::vector<std::string>> expected = {{"Smith, John"}, {"Smith, John", "x"}, {"x", "y"}, {}, {}};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ((*texts)[i].labels, expected[i]) << i;
}

TEST(Finetune, StopsAtALossThatIsNotFiniteAndKeepsTheCheckpoint) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.train.teacher = {.epochs = 1, .learning_rate = 1e30};
  options.train.clip = 1e9;
  options.checkpoint_minutes = 0;  // after every step
  const Status status = finetune(options, alone, kNever);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("is not finite"), status.message().npos) << status.message();
  EXPECT_NE(status.message().find("step "), status.message().npos) << status.message();
  EXPECT_TRUE(fs::exists(options.work / "checkpoint.pt"));
  EXPECT_FALSE(fs::exists(options.target));
}

TEST(Finetune, CutsAModelToItsFirstLayers) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.layers = 2;
  options.train.teacher.epochs = 0.2;
  options.train.elimination.epochs = 0;
  const Status status = finetune(options, alone, kNever);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(load(options.target).config().num_hidden_layers, 2U);
}

// What `change` makes of good options, and what the error must say.
void expect_complaint(const Folder& folder, const std::function<void(FinetuneOptions&)>& change,
                      const std::string& part) {
  FinetuneOptions options = options_in(folder);
  change(options);
  const Status status = finetune(options, alone, kNever);
  ASSERT_FALSE(status.ok()) << part;
  EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  EXPECT_FALSE(fs::exists(options.target)) << part;
}

TEST(Finetune, SaysWhatIsWrong) {
  const Folder folder;
  const auto data = [&](const std::string& name, const std::string& text) {
    return [path = folder.write(name, text)](FinetuneOptions& options) { options.data = {path}; };
  };
  expect_complaint(folder, data("a.tsv", "sentence\tclass\na1\t0\n"), "no column \"label\"");
  expect_complaint(folder, data("b.tsv", "sentence\tlabel\na1\t0\nb1\t0\n"), "same label");
  expect_complaint(folder, data("c.tsv", ""), "is empty");
  expect_complaint(folder, data("d.tsv", "sentence\tlabel\n"), "holds no text");
  expect_complaint(folder, data("e.tsv", "sentence\tlabel\na1\n"), "e.tsv:2: 1 fields, but the header has 2");
  expect_complaint(folder, data("f.csv", "sentence,label\n\"a1,0\n"), "never closed");
  expect_complaint(folder, data("g.doc", "a1"), "neither in .tsv");
  expect_complaint(folder, data("g.txt", "a1"), "no column \"label\"");
  expect_complaint(folder, data("h.jsonl", "{\"text\": \"a1\", \"label\": 0}\n{\"text\": 1"), "h.jsonl:2");
  expect_complaint(folder, data("i.jsonl", "{\"text\": \"a1\", \"label\": 0}\n{\"text\": \"b1\"}"), "label is missing");
  expect_complaint(
      folder,
      [&](FinetuneOptions& options) {
        options.model = make_model(folder, "two", /*classifier=*/true);
        options.data = {folder.write("j.tsv", "sentence\tlabel\na1\t0\nb1\t2\n")};
      },
      "j.tsv:3: the label is \"2\"");
  expect_complaint(
      folder,
      [&](FinetuneOptions& options) {
        options.problem = ProblemType::regression;
        options.data = {folder.write("k.tsv", "sentence\tlabel\na1\tmuch\nb1\t1\n")};
      },
      "not a number");
  expect_complaint(folder, data("l.tsv", "sentence\tlabel\na1\t0\nb1\t\n"), "l.tsv:3: the label is empty");
  expect_complaint(folder, data("m.jsonl", "{\"text\": \"a1\", \"label\": \"\"}"), "m.jsonl:1: the label is empty");
  expect_complaint(folder, [](FinetuneOptions& options) { options.labels = {"A", "A"}; }, "the name \"A\"");
  expect_complaint(folder, [](FinetuneOptions& options) { options.labels = {"A", "", "B"}; }, "an empty name");
  expect_complaint(folder, [](FinetuneOptions& options) { options.profile = "/nowhere/p.json"; }, "/nowhere/p.json");
  expect_complaint(
      folder,
      [&](FinetuneOptions& options) {
        options.profile = folder.write("p.json", R"({"version": 1, "retention": [1]})");
      },
      "but the model has 3 layers");
  EXPECT_FALSE(fs::exists(folder / "work" / "log.jsonl"));  // none of these began to train
  expect_complaint(folder, data("n.tsv", "sentence\tlabel\na1\t0\nb1 caf\xe9\t1\n"), "n.tsv:3: is not UTF-8");
  expect_complaint(folder, data("o.tsv", "sentence\tlabel\na1\t0.001\nb1\t0.010\n"), "--problem regression");
  expect_complaint(folder, data("p.json", "[{\"text\": \"a1\", \"label\": 0}, {\"text\": \"b1\"}]"),
                   "label is missing");
  expect_complaint(folder, data("q.parquet", "PAR1"), "Parquet is not read");
  expect_complaint(folder, [](FinetuneOptions& options) { options.min_tokens = 30; }, "30 tokens of --min-tokens");
  expect_complaint(folder, [](FinetuneOptions& options) { options.patience = 1; }, "--patience needs --dev");
  expect_complaint(folder, [](FinetuneOptions& options) { options.max_tokens = 64; }, "only 40 positions");
  expect_complaint(folder, [](FinetuneOptions& options) { options.layers = 4; }, "has only 3");
  expect_complaint(folder, [](FinetuneOptions& options) { options.data = {"/nowhere/x.tsv"}; }, "/nowhere/x.tsv");
  expect_complaint(folder, [](FinetuneOptions& options) { options.work = "/proc/nowhere"; }, "/proc/nowhere");
  expect_complaint(folder, [](FinetuneOptions& options) { options.resume = true; }, "cannot be resumed");
  if (!torch::cuda::is_available()) {
    expect_complaint(folder, [](FinetuneOptions& options) { options.device = "cuda"; }, "no GPU");
  }
}

fs::path write_profile(const Folder& folder, const std::string& name, double last) {
  return folder.write(name, R"({"version": 1, "dropped": "merge", "max_speedup": 3, "retention": [0.9, 0.5, )" +
                                std::to_string(last) + "]}");
}

TEST(Finetune, DoesNotTakeUpARunOfOtherSettings) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  const std::atomic<bool> at_once = true;
  ASSERT_EQ(finetune(options, alone, at_once).code(), ErrorCode::cancelled);
  Status status = finetune(options, alone, kNever);  // without --resume
  EXPECT_NE(status.message().find("is there already"), std::string::npos) << status.message();
  options.resume = true;
  const auto expect_refusal = [&](const char* what, const std::function<void(FinetuneOptions&)>& change) {
    FinetuneOptions changed = options;
    change(changed);
    const Status refused = finetune(changed, alone, kNever);
    EXPECT_NE(refused.message().find("other settings"), std::string::npos) << what << ": " << refused.message();
  };
  expect_refusal("seed", [](FinetuneOptions& o) { o.train.seed = 2; });
  expect_refusal("a number's last digits", [](FinetuneOptions& o) { o.train.ramp += 1e-9; });
  expect_refusal("problem", [](FinetuneOptions& o) { o.problem = ProblemType::multi_label; });
  expect_refusal("profile", [&](FinetuneOptions& o) { o.profile = write_profile(folder, "p.json", 0.1); });
  const std::string texts = read_file(options.data[0]).value();
  expect_refusal("data", [&](FinetuneOptions& o) { make_texts(folder, o.data[0].stem().string(), 600, 3); });
  // What differs is told, and nothing else.
  FinetuneOptions changed = options;
  changed.train.seed = 2;
  const std::string told = finetune(changed, alone, kNever).message();
  EXPECT_NE(told.find("seed: then 1, now 2"), std::string::npos) << told;
  EXPECT_EQ(told.find("dropout"), std::string::npos) << told;
  // What does not bear on the result may change: where the data lies, too.
  folder.write(options.data[0].filename().string(), texts);
  options.checkpoint_minutes = 1;
  options.columns.text = "sentence";
  options.data = {folder.write("elsewhere.tsv", texts)};
  status = finetune(options, alone, at_once);
  EXPECT_EQ(status.code(), ErrorCode::cancelled) << status.message();
}

TEST(Finetune, TakesTheBestEpochOfDevAndEndsEarly) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.dev = {make_texts(folder, "dev", 60, 7)};
  options.train.teacher.epochs = 40;
  options.train.elimination.epochs = 0;
  options.patience = 2;
  const Status status = finetune(options, alone, kNever);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(fs::exists(options.work / "best.pt"));
  // It ended long before 40 epochs, and its result is as good on dev as the best that the log has.
  const std::string log = read_file(options.work / "log.jsonl").value();
  double best = 0;
  size_t epochs = 0;
  const std::string_view key = "\"dev\": {\"1\": ";
  for (size_t at = log.find(key); at != log.npos; at = log.find(key, at + 1), ++epochs) {
    best = std::max(best, std::strtod(log.c_str() + at + key.size(), nullptr));
  }
  EXPECT_GE(epochs, 3U);
  EXPECT_LT(epochs, 40U);
  Classifier classifier = load(options.target);
  EXPECT_NEAR(accuracy(classifier, options.dev[0], 1), best, 1e-6);
}

TEST(Finetune, DryRunTellsAndLeavesNothing) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.dry_run = true;
  options.bf16 = std::nullopt;  // whichever is faster
  const Status status = finetune(options, alone, kNever);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_FALSE(fs::exists(options.work));
  EXPECT_FALSE(fs::exists(options.target));
}

TEST(Finetune, LearnsFromALargerModelsLogits) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.train.teacher.epochs = 6;
  options.train.elimination.epochs = 0;
  ASSERT_TRUE(finetune(options, alone, kNever).ok());
  std::string bare = "sentence\n";  // texts without labels
  const std::vector<fs::path> files = {make_texts(folder, "more", 600, 8)};
  for (const LabelledText& text : read_labelled_texts(files, {}, ProblemType::single_label).value()) {
    bare += text.text + "\n";
  }
  LabelOptions labelling;
  labelling.model = options.target;
  labelling.data = {folder.write("bare.tsv", bare)};
  labelling.target = folder / "labelled.jsonl";
  labelling.batches = {.max_tokens = 400, .max_texts = 16};
  const auto count = label(labelling, [](const std::string&) {});
  ASSERT_TRUE(count.ok()) << count.status().message();
  EXPECT_EQ(*count, 600U);
  EXPECT_NE(label(labelling, [](const std::string&) {}).status().message().find("there already"), std::string::npos);

  // Taken up again from any place, the file is the same.
  const std::string whole = read_file(labelling.target).value();
  labelling.target = folder / "again.jsonl";
  folder.write("again.jsonl.partial", whole.substr(0, whole.size() / 3));
  ASSERT_TRUE(label(labelling, [](const std::string&) {}).ok());
  EXPECT_EQ(read_file(labelling.target).value().size(), whole.size());
  labelling.target = folder / "other.jsonl";
  folder.write("other.jsonl.partial", "{\"text\": \"something else\"}\n");
  EXPECT_NE(label(labelling, [](const std::string&) {}).status().message().find("of other texts"), std::string::npos);

  FinetuneOptions learning = options;
  learning.data = {folder / "labelled.jsonl"};
  learning.columns.logits = "logits";
  learning.work = folder / "work2";
  learning.target = folder / "model2";
  learning.train.teacher.epochs = 0;
  learning.train.elimination.epochs = 6;
  learning.train.full_every = 3;
  learning.train.pruned_batch = 2;
  learning.train.rows_weight = 0.1;
  const Status status = finetune(learning, alone, kNever);
  ASSERT_TRUE(status.ok()) << status.message();
  Classifier classifier = load(learning.target);
  EXPECT_GT(accuracy(classifier, make_texts(folder, "others", 200, 2), 1), 0.85);

  learning.data = {folder.write("short.jsonl",
                                "{\"text\": \"a1\", \"label\": \"0\", \"logits\": [1]}\n"
                                "{\"text\": \"b1\", \"label\": \"1\", \"logits\": [1]}\n")};
  learning.work = folder / "work3";
  learning.target = folder / "model3";
  const std::string message = finetune(learning, alone, kNever).message();
  EXPECT_NE(message.find("1 logits, but 2 labels"), std::string::npos) << message;
}

TEST(Finetune, KeepsToAProfileWhereverItsFileLies) {
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.train.teacher.epochs = 0.1;
  options.train.elimination.epochs = 0.1;
  options.profile = write_profile(folder, "p.json", 0.1);
  const std::atomic<bool> at_once = true;
  ASSERT_EQ(finetune(options, alone, at_once).code(), ErrorCode::cancelled);
  options.resume = true;
  options.profile = write_profile(folder, "q.json", 0.2);
  EXPECT_NE(finetune(options, alone, kNever).message().find("other settings"), std::string::npos);
  write_profile(folder, "q.json", 0.1);
  const Status status = finetune(options, alone, kNever);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(ModelFolder::open(options.target)->profile->retention, (std::vector<double>{0.9, 0.5, 0.1}));
}

// /dev/full takes no byte, as a disk without room.
TEST(Finetune, AFullDiskIsAnError) {
  if (!fs::exists("/dev/full")) GTEST_SKIP();
  const Folder folder;
  FinetuneOptions options = options_in(folder);
  options.checkpoint_minutes = 0;
  fs::create_directories(options.work);
  fs::create_symlink("/dev/full", options.work / "checkpoint.pt.partial");
  const Status status = finetune(options, alone, kNever);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("checkpoint cannot be written"), std::string::npos) << status.message();
  EXPECT_FALSE(fs::exists(options.work / "checkpoint.pt"));
  EXPECT_FALSE(fs::exists(options.target));
}

TEST(Export, WritesWhatWasReadAndDividesTheClassifierByTheTemperature) {
  const Folder folder;
  const fs::path source = make_model(folder, "model", /*classifier=*/true);
  const ModelFolder model = ModelFolder::open(source).value();
  const auto weights = model.weights(model.config, 1).value();
  Profile profile = default_profile(3);
  profile.max_speedup = 4;
  ASSERT_TRUE(export_model(model, model.config, weights, profile, folder / "copy", {}).ok());
  ASSERT_TRUE(export_model(model, model.config, weights, profile, folder / "half", {.dtype = DType::f16}).ok());
  ASSERT_TRUE(export_model(model, model.config, weights, profile, folder / "mild", {.temperature = 2}).ok());
  EXPECT_FALSE(export_model(model, model.config, weights, profile, folder / "copy", {}).ok());  // without --force
  BertConfig twice = model.config;
  twice.labels = {"good", "good"};
  EXPECT_NE(export_model(model, twice, weights, profile, folder / "twice", {}).message().find("the name \"good\""),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder / "twice"));

  Classifier before = load(source), copy = load(folder / "copy"), half = load(folder / "half"),
             mild = load(folder / "mild");
  EXPECT_EQ(copy.profile().retention, profile.retention);
  const TextInput text{"a1 b2 b3 a7", std::nullopt};
  const auto logits = [&](Classifier& classifier) { return classifier.run({&text, 1}, {}).value()[0].logits; };
  EXPECT_EQ(logits(copy), logits(before));
  for (size_t k = 0; k < 2; ++k) {
    EXPECT_NEAR(logits(half)[k], logits(before)[k], 2e-2);
    EXPECT_NEAR(logits(mild)[k], logits(before)[k] / 2, 1e-5);
  }
}

}  // namespace
}  // namespace latformer::train
