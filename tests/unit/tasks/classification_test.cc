#include "core/tasks/classification.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "tests/unit/support/allocations.h"
#include "tests/unit/support/random_bert.h"

namespace latformer {
namespace {

using testing::BertShape;
using testing::config_of;
using testing::random_bert;
using testing::safetensors_of;

// Single letters, so that a text of n letters is n + 2 tokens.
std::string vocabulary() {
  std::string vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const char* prefix : {"", "##"}) {
    for (char letter = 'a'; letter <= 'z'; ++letter) vocab += prefix + std::string(1, letter) + "\n";
  }
  return vocab;
}

const std::string kVocab = vocabulary();
const std::string kProfile = R"({"version": 1, "retention": [0.6, 0.4, 0.2], "dropped": "merge", "max_speedup": 5})";
constexpr BertShape kShape{.layers = 3, .heads = 2, .head_size = 8};

struct Folder {
  explicit Folder(const BertConfig& config, uint32_t seed = 1)
      : config_json(testing::config_json(config)), weights(safetensors_of(random_bert(config, seed))) {}

  ModelFiles files() const {
    return {.config_json = config_json,
            .tokenizer_json = {},
            .tokenizer_config_json = {},
            .vocab_txt = vocab_txt,
            .profile_json = profile_json};
  }

  Result<Classifier> load(const LoadOptions& options = {}) const {
    LATFORMER_ASSIGN(ClassifierLoader loader, ClassifierLoader::create(files(), options));
    LATFORMER_TRY(loader.append(weights));
    return loader.finish();
  }

  std::string config_json;
  std::string vocab_txt = kVocab;
  std::string profile_json = kProfile;
  std::vector<std::byte> weights;
};

Classifier load(const BertShape& shape) { return Folder(config_of(shape)).load().value(); }

std::vector<Classification> run(Classifier& classifier, const std::vector<TextInput>& inputs,
                                const RunOptions& options = {}) {
  auto result = classifier.run(inputs, options);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return std::move(result).value();
}

std::string letters(size_t n) {
  std::string text;
  for (size_t i = 0; i < n; ++i) text += {static_cast<char>('a' + i * i * 7 % 26), ' '};
  return text;
}

TEST(Classifier, TellsWhatHappenedInside) {
  Classifier classifier = load(kShape);
  const std::string text = letters(28);
  const Classification answer = run(classifier, {{text, {}}}, {.speedup = 3})[0];
  ASSERT_EQ(answer.windows.size(), 1U);
  const Trace& trace = answer.windows[0];
  EXPECT_EQ(trace.encoding.ids.size(), 30U);
  EXPECT_EQ(trace.schedule.counts, trace.tokens_per_layer);
  EXPECT_GE(trace.schedule.achieved, 3);
  ASSERT_EQ(trace.kept_positions.size(), 3U);
  EXPECT_EQ(trace.kept_positions[0].size() + 1, trace.tokens_per_layer[0]);  // and the rest row
  EXPECT_EQ(trace.kept_positions[0][0], 0U);
  EXPECT_EQ(trace.kept_positions[2], (std::vector<uint32_t>{0}));

  const Trace full = run(classifier, {{text, {}}})[0].windows[0];
  EXPECT_EQ(full.tokens_per_layer, (std::vector<uint32_t>{30, 30, 1}));
  EXPECT_EQ(full.schedule.achieved, 1);
}

TEST(Classifier, ScoresByProblemType) {
  BertConfig config = config_of({.layers = 2, .labels = 3});
  for (const ProblemType problem : {ProblemType::single_label, ProblemType::multi_label, ProblemType::regression}) {
    config.problem_type = problem;
    Folder folder(config);
    folder.profile_json.clear();
    Classifier classifier = folder.load().value();
    const Classification answer = run(classifier, {{"a b c", {}}})[0];
    ASSERT_EQ(answer.logits.size(), 3U);
    double sum = 0;
    for (const float logit : answer.logits) sum += std::exp(static_cast<double>(logit));
    for (size_t i = 0; i < 3; ++i) {
      const double logit = static_cast<double>(answer.logits[i]);
      const double expected = problem == ProblemType::single_label  ? std::exp(logit) / sum
                              : problem == ProblemType::multi_label ? 1 / (1 + std::exp(-logit))
                                                                    : logit;
      EXPECT_NEAR(answer.scores[i], expected, 1e-6);
    }
  }
}

TEST(Classifier, EmptyAndBlankTextsAreTwoTokens) {
  Classifier classifier = load(kShape);
  for (const double speedup : {1.0, 5.0}) {
    const auto answers = run(classifier, {{"", {}}, {" \t\n ", {}}}, {.speedup = speedup});
    EXPECT_EQ(answers[0].windows[0].encoding.ids, (std::vector<int32_t>{2, 3}));
    EXPECT_EQ(answers[0].logits, answers[1].logits);
    EXPECT_TRUE(std::isfinite(answers[0].logits[0]));
  }
  EXPECT_TRUE(run(classifier, {}).empty());
}

TEST(Classifier, ManyTextsGiveWhatEachGives) {
  Classifier classifier = load(kShape);
  std::vector<std::string> texts;
  for (size_t i = 0; i < 120; ++i) texts.push_back(letters(i * 31 % 95));  // several chunks of rows
  std::vector<TextInput> inputs;
  for (const std::string& text : texts) inputs.push_back({text, {}});
  for (const double speedup : {1.0, 2.5}) {
    const auto together = run(classifier, inputs, {.speedup = speedup});
    ASSERT_EQ(together.size(), inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Classification alone = run(classifier, {inputs[i]}, {.speedup = speedup})[0];
      EXPECT_EQ(together[i].windows[0].kept_positions, alone.windows[0].kept_positions);
      for (size_t k = 0; k < alone.logits.size(); ++k) EXPECT_NEAR(together[i].logits[k], alone.logits[k], 2e-6);
    }
  }
}

TEST(Classifier, ReadsPairs) {
  Classifier classifier = load(kShape);
  const Classification pair = run(classifier, {{"a b", "c"}})[0];
  EXPECT_EQ(pair.windows[0].encoding.type_ids, (std::vector<uint8_t>{0, 0, 0, 0, 1, 1}));

  Classifier single = load({.layers = 3, .types = 1});
  const std::vector<TextInput> inputs{{"a b", "c"}};
  EXPECT_EQ(single.run(inputs, {}).status().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(run(single, {{"a b", {}}}).size(), 1U);
}

TEST(Classifier, CutsLongTexts) {
  Classifier classifier = load(kShape);  // 96 positions, windows share 24 tokens
  const std::string text = letters(150);
  const Classification cut = run(classifier, {{text, {}}})[0];
  ASSERT_EQ(cut.windows.size(), 1U);
  EXPECT_TRUE(cut.windows[0].encoding.truncated);
  EXPECT_EQ(cut.windows[0].encoding.ids.size(), 96U);

  const RunOptions in_windows{.speedup = 2, .long_text = LongText::windows};
  const auto answers = run(classifier, {{"a b c", {}}, {text, {}}}, in_windows);
  EXPECT_EQ(answers[0].windows.size(), 1U);
  EXPECT_EQ(answers[0].logits, run(classifier, {{"a b c", {}}}, {.speedup = 2})[0].logits);

  const Classification& whole = answers[1];
  ASSERT_EQ(whole.windows.size(), 2U);  // 94 letters and, 70 further on, 80
  EXPECT_EQ(whole.windows[1].encoding.ids.size(), 82U);
  const std::string first = text.substr(0, 2 * 94);
  const std::string second = text.substr(2 * 70);
  const auto parts = run(classifier, {{first, {}}, {second, {}}}, {.speedup = 2});
  for (size_t k = 0; k < whole.scores.size(); ++k) {
    EXPECT_NEAR(whole.logits[k], (parts[0].logits[k] + parts[1].logits[k]) / 2, 2e-6);
    EXPECT_NEAR(whole.scores[k], (parts[0].scores[k] + parts[1].scores[k]) / 2, 2e-6);
  }

  const std::vector<TextInput> pair{{"a", "b"}};
  EXPECT_EQ(classifier.run(pair, in_windows).status().code(), ErrorCode::invalid_argument);
}

TEST(Classifier, ReadsAVeryLongTextInWindows) {
  Classifier classifier = load({.layers = 3, .heads = 1, .head_size = 4, .intermediate_size = 4});
  const std::string text = letters(10000);
  const Classification answer = run(classifier, {{text, {}}}, {.speedup = 4, .long_text = LongText::windows})[0];
  EXPECT_GT(answer.windows.size(), 100U);
  EXPECT_NEAR(std::accumulate(answer.scores.begin(), answer.scores.end(), 0.0), 1, 1e-5);
}

// In parts it gives the same bits, and what was let go of leaves nothing behind.
TEST(Classifier, WorksInParts) {
  Classifier classifier = load(kShape);
  const std::string longer = letters(700);
  const std::vector<TextInput> inputs{{longer, {}}, {"a b", "c"}, {"", {}}};
  for (const LongText long_text : {LongText::truncate, LongText::windows}) {
    const RunOptions options{.speedup = 2, .long_text = long_text};
    const std::span texts = std::span(inputs).first(long_text == LongText::windows ? 1 : 3);
    const std::vector<Classification> expected = classifier.run(texts, options).value();
    for (const int stop_after : {1, 4, 1000}) {
      EncoderCall call = classifier.start(texts, options).value();
      int parts = 0;
      for (; !call.done() && parts < stop_after; ++parts) ASSERT_TRUE(call.work(0).ok());
      if (!call.done()) continue;
      EXPECT_GE(parts, 1 + 3 + 1);  // tokens, layers, results
      const std::vector<Classification> answers = classifier.answers_of(call.take());
      ASSERT_EQ(answers.size(), expected.size());
      for (size_t i = 0; i < answers.size(); ++i) {
        EXPECT_EQ(answers[i].logits, expected[i].logits);
        EXPECT_EQ(answers[i].windows.size(), expected[i].windows.size());
      }
    }
  }
}

TEST(Classifier, RefusesSpeedupsOutOfRange) {
  Classifier classifier = load(kShape);
  const std::vector<TextInput> inputs{{"a b c d e f", {}}};
  EXPECT_EQ(classifier.max_speedup(), 5);
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double speedup : {0.5, 0.999, 0.0, -1.0, 5.001, 1e9, infinity, -infinity, nan}) {
    const Status status = classifier.run(inputs, {.speedup = speedup}).status();
    EXPECT_EQ(status.code(), ErrorCode::invalid_argument);
    EXPECT_NE(status.message().find("from 1 to 5"), std::string::npos) << status.message();
    EXPECT_EQ(run(classifier, inputs, {.speedup = 5}).size(), 1U);
  }
}

TEST(Classifier, RefusesToAnswerWhatIsNotFinite) {
  const BertConfig config = config_of(kShape);
  std::vector<testing::NamedTensor> tensors = random_bert(config, 1);
  testing::NamedTensor& weights = testing::find(tensors, "classifier.weight");  // finite, but their sums are not
  weights = testing::make_tensor("classifier.weight", DType::f32, weights.shape,
                                 std::vector<double>(weights.values.size(), 3e38));
  Folder folder(config);
  folder.weights = safetensors_of(tensors);
  Classifier classifier = folder.load().value();
  const TextInput text{.text = "b a", .text_pair = {}};
  const auto result = classifier.run({&text, 1}, {});
  EXPECT_EQ(result.status().code(), ErrorCode::bad_model) << result.status().message();
}

TEST(Classifier, RunsWithoutAProfile) {
  Folder folder(config_of(kShape));
  folder.profile_json.clear();
  Classifier classifier = folder.load().value();
  EXPECT_TRUE(classifier.profile().is_default);
  const std::string text = letters(60);
  const Classification answer = run(classifier, {{text, {}}}, {.speedup = classifier.max_speedup()})[0];
  EXPECT_GT(answer.windows[0].schedule.achieved, 2);
}

TEST(Classifier, WorksOnAfterRunningOutOfMemory) {
  if (!testing::can_fail_buffers()) GTEST_SKIP() << "allocations cannot be made to fail in this build";
  const std::string text = letters(80);
  const std::vector<TextInput> inputs{{text, {}}, {"a b c", {}}};
  const RunOptions options{.speedup = 2};
  Classifier calm = load(kShape);
  const std::vector<float> expected = run(calm, inputs, options)[0].logits;
  size_t failures = 0;
  for (;; ++failures) {
    Classifier classifier = load(kShape);
    run(classifier, {{"a", {}}});
    testing::fail_buffer(failures + 1);
    const Status status = classifier.run(inputs, options).status();
    if (!testing::buffer_failed()) break;
    EXPECT_EQ(status.code(), ErrorCode::out_of_memory) << status.message();
    EXPECT_EQ(run(classifier, inputs, options)[0].logits, expected);
  }
  testing::fail_buffer(0);
  EXPECT_GT(failures, 5U);
}

// What a calibration of some device might have given: a layer takes 1 ms and every row 0.1 more.
TimeModel some_device() {
  TimeModel model;
  model.layer = {.fixed = 1, .in = {{1, 32}, {0.05}}, .out = {{1, 32}, {0.05}}};
  model.last = {.fixed = 1, .in = {{1, 32}, {0.05}}, .out = {}};
  return model;
}

TEST(Classifier, MeasuresItself) {
  Classifier classifier = load(kShape);
  EXPECT_FALSE(classifier.time_model().has_value());
  ASSERT_TRUE(classifier.calibrate(/*outside=*/0.5, /*milliseconds=*/20).ok());
  ASSERT_TRUE(classifier.time_model().has_value());
  EXPECT_EQ(classifier.time_model()->outside, 0.5);
  const std::string kept = to_json(*classifier.time_model());

  Classifier other = load(kShape);
  ASSERT_TRUE(other.restore_calibration(kept).ok());
  EXPECT_EQ(to_json(*other.time_model()), kept);
  const std::string text = letters(40);
  const Classification answer = run(other, {{text, {}}}, {.speedup = 1.5})[0];
  EXPECT_TRUE(answer.windows[0].schedule.milliseconds.has_value());
  EXPECT_GE(*answer.predicted_milliseconds, *answer.windows[0].schedule.milliseconds);
}

TEST(Classifier, ACalibrationDoesNotChangeWhatIsSaidAtSpeedupOne) {
  Classifier classifier = load(kShape);
  const std::string text = letters(40);
  const std::vector<float> before = run(classifier, {{text, {}}})[0].logits;
  ASSERT_TRUE(classifier.calibrate(0, 20).ok());
  EXPECT_EQ(run(classifier, {{text, {}}})[0].logits, before);
}

TEST(Classifier, KeepsToABudget) {
  Classifier classifier = load(kShape);
  ASSERT_TRUE(classifier.restore_calibration(to_json(some_device())).ok());
  const std::string text = letters(60);
  const Classification full = run(classifier, {{text, {}}}, {.budget = 1e6})[0];
  EXPECT_EQ(full.windows[0].schedule.coefficient, 0);
  double before = *full.predicted_milliseconds;
  for (const double share : {0.9, 0.7, 0.5}) {
    const double budget = share * *full.predicted_milliseconds;
    // In a batch, so that what this machine takes is not learnt.
    const std::vector<Classification> answers = run(classifier, {{text, {}}, {text, {}}}, {.budget = budget});
    for (const Classification& answer : answers) {  // each has a budget of its own
      EXPECT_LE(*answer.predicted_milliseconds, budget);
      EXPECT_LT(*answer.predicted_milliseconds, before);
    }
    before = *answers[0].predicted_milliseconds;
  }
  const Classification least = run(classifier, {{text, {}}, {text, {}}}, {.budget = 0.01})[0];
  EXPECT_GT(*least.predicted_milliseconds, 0.01);  // out of reach, and that is what it says
}

TEST(Classifier, SharesABudgetAmongTheWindowsOfAText) {
  Classifier classifier = load(kShape);
  ASSERT_TRUE(classifier.restore_calibration(to_json(some_device())).ok());
  const std::string text = letters(500);
  const TextInput input{text, {}};
  const double full = *run(classifier, {input, input}, {.long_text = LongText::windows})[0].predicted_milliseconds;
  const Classification answer =
      run(classifier, {input, input}, {.long_text = LongText::windows, .budget = 0.6 * full})[0];
  ASSERT_GT(answer.windows.size(), 3U);
  EXPECT_LE(*answer.predicted_milliseconds, 0.6 * full);
  EXPECT_GT(*answer.predicted_milliseconds, 0.5 * full);
}

TEST(Classifier, SharesABudgetAmongTheTextsOfACall) {
  Classifier classifier = load(kShape);
  const TimeModel device = some_device();
  ASSERT_TRUE(classifier.restore_calibration(to_json(device)).ok());
  const std::string texts[] = {letters(60), letters(20), letters(5)};
  std::vector<TextInput> inputs;
  for (int i = 0; i < 90; ++i) inputs.push_back({texts[i % 3], {}});  // more rows than run at once
  const auto within = [&](double budget) { return run(classifier, inputs, {.budget = budget, .shared_budget = true}); };
  const std::vector<Classification> in_full = within(1e9);
  const double full = *in_full[0].predicted_milliseconds;
  const std::vector<Classification> alone = run(classifier, inputs);
  double sum = 0;
  for (size_t i = 0; i < alone.size(); ++i) {
    EXPECT_EQ(in_full[i].logits, alone[i].logits);
    EXPECT_EQ(*in_full[i].predicted_milliseconds, full);
    sum += *alone[i].windows[0].schedule.milliseconds;
  }
  sum -= device.outside * static_cast<double>(alone.size() - 1);  // which passes once
  EXPECT_GE(full, 0.99 * sum);
  // What such calls take on this machine is learnt, and is another matter.
  ASSERT_TRUE(classifier.restore_calibration(to_json(device)).ok());
  const double budget = 0.6 * full;
  for (const Classification& answer : within(budget)) {
    EXPECT_LE(*answer.predicted_milliseconds, budget);
    EXPECT_GT(*answer.predicted_milliseconds, 0.8 * budget);
  }
  EXPECT_TRUE(run(classifier, {}, {.budget = 1, .shared_budget = true}).empty());
}

TEST(Classifier, LearnsFromTheCallsWhatTheMachineTakes) {
  double now = 0;
  double passing = 0;  // milliseconds between two looks at the clock: the time of a call
  Classifier classifier = Folder(config_of(kShape)).load({.clock = [&] { return now += passing; }}).value();
  ASSERT_TRUE(classifier.restore_calibration(to_json(some_device())).ok());
  const std::string text = letters(60);
  const auto call = [&](double budget) { return run(classifier, {{text, {}}}, {.budget = budget})[0]; };
  // The same without learning: two texts are no call alike.
  const auto look = [&](double budget) { return run(classifier, {{text, {}}, {text, {}}}, {.budget = budget})[0]; };
  const double budget = 0.9 * *look(1e6).predicted_milliseconds;
  passing = *look(budget).predicted_milliseconds;  // as predicted
  call(budget);
  const Classification usual = look(budget);
  EXPECT_LE(*usual.predicted_milliseconds, budget);

  passing *= 1.25;  // the machine slows down
  for (int i = 0; i < 3; ++i) call(budget);
  const Classification slow = look(budget);
  EXPECT_LE(*slow.predicted_milliseconds, budget);
  EXPECT_LT(*slow.windows[0].schedule.milliseconds, *usual.windows[0].schedule.milliseconds);

  // Calls that are far inside their budget say nothing.
  passing = 0.1;
  for (int i = 0; i < 100; ++i) call(1e6);
  EXPECT_EQ(look(budget).windows[0].schedule.counts, slow.windows[0].schedule.counts);
}

TEST(Classifier, RefusesBudgetsThatAreNone) {
  Classifier classifier = load(kShape);
  const std::vector<TextInput> input{{"a", {}}};
  const Result<std::vector<Classification>> uncalibrated = classifier.run(input, {.budget = 10});
  ASSERT_FALSE(uncalibrated.ok());
  EXPECT_EQ(uncalibrated.status().code(), ErrorCode::invalid_argument);
  EXPECT_NE(uncalibrated.status().message().find("calibrated"), std::string::npos);
  ASSERT_TRUE(classifier.restore_calibration(to_json(some_device())).ok());
  EXPECT_TRUE(classifier.run(input, {.budget = 10}).ok());
  for (const double budget :
       {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const Result<std::vector<Classification>> answers = classifier.run(input, {.budget = budget});
    ASSERT_FALSE(answers.ok()) << budget;
    EXPECT_EQ(answers.status().code(), ErrorCode::invalid_argument);
  }
}

TEST(Classifier, WorksOnWithoutACalibrationThatFailed) {
  Classifier classifier = Folder(config_of(kShape)).load({.clock = [] { return 1.0; }}).value();
  const Status status = classifier.calibrate();
  EXPECT_EQ(status.code(), ErrorCode::invalid_argument);
  EXPECT_FALSE(classifier.time_model().has_value());
  EXPECT_FALSE(classifier.restore_calibration("{}").ok());
  EXPECT_FALSE(classifier.time_model().has_value());
  EXPECT_FALSE(run(classifier, {{"a b c", {}}}, {.speedup = 2})[0].predicted_milliseconds.has_value());
}

TEST(Classifier, CalibratesAModelOfASingleLayer) {
  Folder folder(config_of({.layers = 1}));
  folder.profile_json = R"({"version": 1, "retention": [0.5], "dropped": "discard", "max_speedup": 2})";
  Classifier classifier = folder.load().value();
  ASSERT_TRUE(classifier.calibrate(0, 20).ok());
  EXPECT_EQ(run(classifier, {{"a b c", {}}}, {.speedup = 2})[0].windows[0].schedule.achieved, 1);
}

TEST(ClassifierLoader, NamesTheFileAtFault) {
  const Folder good(config_of(kShape));
  const auto expect_error = [](const ModelFiles& files, ErrorCode code, std::string_view file) {
    const Status status = ClassifierLoader::create(files).status();
    EXPECT_EQ(name_of(status.code()), name_of(code)) << status.message();
    EXPECT_NE(status.message().find(file), std::string::npos) << status.message();
  };
  ModelFiles files = good.files();
  files.config_json = {};
  expect_error(files, ErrorCode::bad_model, "config.json");
  files.config_json = "{";
  expect_error(files, ErrorCode::bad_model, "config.json");
  files.config_json = R"({"model_type": "t5"})";
  expect_error(files, ErrorCode::unsupported_model, "config.json");

  files = good.files();
  files.vocab_txt = {};
  expect_error(files, ErrorCode::bad_model, "tokenizer.json");
  files.tokenizer_json = "[]";
  expect_error(files, ErrorCode::bad_model, "tokenizer.json");
  files = good.files();
  files.vocab_txt = "a\nb\n";
  expect_error(files, ErrorCode::bad_model, "vocab.txt");

  files = good.files();
  files.profile_json = R"({"version": 1, "retention": [0.5], "dropped": "merge", "max_speedup": 2})";
  expect_error(files, ErrorCode::bad_model, "profile.json");
}

TEST(ClassifierLoader, WantsAnEmbeddingForEveryTokenOfTheVocabulary) {
  const Folder folder(config_of({.layers = 3, .vocab_size = 56}));  // the tokenizer has 57
  const Status status = ClassifierLoader::create(folder.files()).status();
  EXPECT_EQ(status.code(), ErrorCode::bad_model);
  EXPECT_NE(status.message().find("vocab_size"), std::string::npos) << status.message();
}

TEST(ClassifierLoader, MayMoveWhileItLoads) {
  const Folder folder(config_of(kShape));
  ClassifierLoader loader = ClassifierLoader::create(folder.files()).value();
  const std::span<const std::byte> bytes(folder.weights);
  ASSERT_TRUE(loader.append(bytes.first(bytes.size() / 2)).ok());
  ClassifierLoader elsewhere = std::move(loader);
  ASSERT_TRUE(elsewhere.append(bytes.subspan(bytes.size() / 2)).ok());
  Classifier classifier = elsewhere.finish().value();
  Classifier expected = load(kShape);
  EXPECT_EQ(run(classifier, {{"a b", {}}})[0].logits, run(expected, {{"a b", {}}})[0].logits);

  EXPECT_FALSE(elsewhere.finish().ok());
  EXPECT_FALSE(elsewhere.append(bytes).ok());
}

TEST(ClassifierLoader, RefusesToFinishEarly) {
  const Folder folder(config_of(kShape));
  ClassifierLoader loader = ClassifierLoader::create(folder.files()).value();
  ASSERT_TRUE(loader.append(std::span(folder.weights).first(folder.weights.size() - 1)).ok());
  const Status status = loader.finish().status();
  EXPECT_EQ(status.code(), ErrorCode::bad_model);
  EXPECT_NE(status.message().find("model.safetensors"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace latformer
