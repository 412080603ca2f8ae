// Every decoder with a golden file in tests/parity/decoders/goldens: logits, greedy and beam-searched texts against
// transformers, prompts of which rows are dropped against the reference.

#include "core/models/decoders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/files/files.h"
#include "core/format/json.h"
#include "core/tasks/generation/beam_text.h"
#include "core/tasks/generation/continuations.h"

namespace latformer {
namespace {

const std::string kParity = std::string(LATFORMER_SOURCE_DIR) + "/tests/parity";
constexpr double kTolerance = 1e-4;  // of logits; relative above 1

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kParity + "/decoders/goldens")) {
    if (entry.path().stem() != "sampling") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

template <class T>
std::vector<T> numbers(const JsonValue& value) {
  std::vector<T> result;
  const JsonArray array = value.array().value();
  for (const JsonValue element : array) result.push_back(static_cast<T>(element.number().value()));
  return result;
}

double difference(std::span<const float> actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(actual[i] - expected[i]) / std::max(1.0, std::abs(expected[i])));
  }
  return largest;
}

class Decoders : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string folder = kParity + "/models/" + GetParam();
    const std::string golden = read_file(kParity + "/decoders/goldens/" + GetParam() + ".json").value();
    document_.emplace(JsonDocument::parse("golden", golden).value());
    config_ = read_file(folder + "/config.json").value();
    weights_ = read_file(folder + "/model.safetensors").value();
    model_ = load(Precision::f32);
    ASSERT_NE(model_, nullptr);
  }

  std::unique_ptr<DecoderModel> load(Precision precision, size_t threads = 1) {
    Result<std::unique_ptr<DecoderLoader>> loader = open_decoder(config_, precision);
    EXPECT_TRUE(loader.ok()) << loader.status().message();
    if (!loader.ok()) return nullptr;
    const Status status = (*loader)->append(std::as_bytes(std::span(weights_)));
    EXPECT_TRUE(status.ok()) << status.message();
    Result<std::unique_ptr<DecoderModel>> model = (*loader)->finish(Threads::create(threads).value());
    EXPECT_TRUE(model.ok()) << model.status().message();
    return model.ok() ? std::move(*model) : nullptr;
  }

  JsonArray cases(std::string_view which) const { return document_->root()[which].array().value(); }

  // Logits of all rows, the text in steps of at most `step` tokens.
  std::vector<float> logits(DecoderModel& model, const std::vector<int32_t>& ids, size_t step) {
    Sequence sequence = model.begin(static_cast<uint32_t>(ids.size())).value();
    std::vector<float> all;
    for (size_t first = 0; first < ids.size(); first += step) {
      const size_t count = std::min(step, ids.size() - first);
      const DecoderInput input{
          .ids = std::span(ids).subspan(first, count), .positions = {}, .counts = {}, .sequence = &sequence};
      const auto outputs = model.run({&input, 1}, {}, Last::all_rows);
      EXPECT_TRUE(outputs.ok()) << outputs.status().message();
      if (!outputs.ok()) return {};
      all.insert(all.end(), outputs->front().logits.begin(), outputs->front().logits.end());
    }
    return all;
  }

  PromptPlan whole(const std::vector<int32_t>& ids) const {
    PromptPlan plan;
    plan.ids = ids;
    return plan;
  }

  // New tokens of the prompt.
  std::vector<int32_t> go_on(const std::vector<int32_t>& ids, PromptPlan plan, const GenerationOptions& options,
                             const PromptElimination& how = {}) {
    const std::vector<int32_t> ends = parse_end_tokens(config_, {}, model_->facts().vocab_size).value();
    Continuations texts(*model_, how, options, ends);
    EXPECT_TRUE(texts.add(ids, std::move(plan)).ok());
    while (!texts.done()) {
      const auto step = texts.step();
      EXPECT_TRUE(step.ok()) << step.status().message();
      if (!step.ok()) return {};
    }
    return {texts.ids(0).begin() + static_cast<ptrdiff_t>(ids.size()), texts.ids(0).end()};
  }

  std::optional<JsonDocument> document_;
  std::string config_, weights_;
  std::unique_ptr<DecoderModel> model_;
};

TEST_P(Decoders, LogitsOfEveryPosition) {
  const size_t vocabulary = model_->facts().vocab_size;
  for (const JsonValue golden : cases("cases")) {
    const auto ids = numbers<int32_t>(golden["ids"]);
    const std::vector<float> at_once = logits(*model_, ids, ids.size());
    ASSERT_EQ(at_once.size(), ids.size() * vocabulary);
    for (const JsonValue row : golden["logits"].array().value()) {
      std::vector<JsonValue> pair;
      for (const JsonValue part : row.array().value()) pair.push_back(part);
      const auto position = static_cast<size_t>(pair[0].number().value());
      EXPECT_LT(difference(std::span(at_once).subspan(position * vocabulary, vocabulary), numbers<double>(pair[1])),
                kTolerance)
          << ids.size() << " tokens, position " << position;
    }
    // In steps of any size, and on several threads, the same bits.
    EXPECT_EQ(logits(*model_, ids, 1), at_once);
    EXPECT_EQ(logits(*model_, ids, 5), at_once);
    EXPECT_EQ(logits(*load(Precision::f32, 2), ids, 7), at_once);
  }
}

// What the model's own authors say that it answers, where they do.
TEST_P(Decoders, LogitsAsPublished) {
  const JsonValue published = document_->root()["published"];
  if (!published.given()) return;
  const size_t vocabulary = model_->facts().vocab_size;
  for (const JsonValue golden : cases("published")) {
    const auto ids = numbers<int32_t>(golden["ids"]);
    const std::vector<float> actual = logits(*model_, ids, ids.size());
    for (const JsonValue row : golden["logits"].array().value()) {
      std::vector<JsonValue> pair;
      for (const JsonValue part : row.array().value()) pair.push_back(part);
      const auto position = static_cast<size_t>(pair[0].number().value());
      EXPECT_LT(difference(std::span(actual).subspan(position * vocabulary, vocabulary), numbers<double>(pair[1])),
                kTolerance)
          << "position " << position;
    }
  }
}

TEST_P(Decoders, Int8StaysClose) {
  const std::unique_ptr<DecoderModel> rounded = load(Precision::int8);
  ASSERT_NE(rounded, nullptr);
  EXPECT_EQ(rounded->precision(), Precision::int8);
  double off = 0;
  double size = 0;
  for (const JsonValue golden : cases("cases")) {
    const auto ids = numbers<int32_t>(golden["ids"]);
    const std::vector<float> exact = logits(*model_, ids, ids.size());
    const std::vector<float> actual = logits(*rounded, ids, ids.size());
    EXPECT_EQ(logits(*rounded, ids, 3), actual);
    for (size_t i = 0; i < exact.size(); ++i) {
      off += std::pow(actual[i] - exact[i], 2);
      size += std::pow(exact[i], 2);
    }
  }
  EXPECT_LT(std::sqrt(off / size), 0.15);
}

// Whatever the file has: rounded to 4 bits as it loads, where the columns let groups be computed with.
TEST_P(Decoders, FourBitsGiveTheSameInStepsOfAnySize) {
  const std::unique_ptr<DecoderModel> rounded = load(Precision::int4);
  ASSERT_NE(rounded, nullptr);
  for (const JsonValue golden : cases("cases")) {
    const auto ids = numbers<int32_t>(golden["ids"]);
    const std::vector<float> actual = logits(*rounded, ids, ids.size());
    EXPECT_TRUE(std::ranges::all_of(actual, [](float value) { return std::isfinite(value); }));
    EXPECT_EQ(logits(*rounded, ids, 3), actual);
    EXPECT_EQ(logits(*load(Precision::int4, 2), ids, 7), actual);
  }
}

TEST_P(Decoders, TextsAsTransformersHasThem) {
  for (const JsonValue golden : cases("cases")) {
    const auto ids = numbers<int32_t>(golden["ids"]);
    const uint32_t most = std::min<uint32_t>(12, model_->facts().max_positions - static_cast<uint32_t>(ids.size()));
    GenerationOptions options{.max_new_tokens = most};
    EXPECT_EQ(go_on(ids, whole(ids), options), numbers<int32_t>(golden["greedy"]));
    options.sampling.repetition_penalty = 1.3;
    EXPECT_EQ(go_on(ids, whole(ids), options), numbers<int32_t>(golden["penalised"]));

    options = {.max_new_tokens = most, .beams = {.num_beams = 3}};
    const std::vector<int32_t> ends = parse_end_tokens(config_, {}, model_->facts().vocab_size).value();
    BeamText beams(*model_, {}, options, ends, ids, whole(ids), {});
    while (!beams.done()) ASSERT_TRUE(beams.step().ok());
    EXPECT_EQ(beams.tokens(), numbers<int32_t>(golden["beams"]));
  }
}

TEST_P(Decoders, DropsWhatTheReferenceDrops) {
  for (const JsonValue golden : cases("dropped")) {
    const auto ids = numbers<int32_t>(golden["ids"]);
    const JsonValue arm = golden["how"];
    PromptElimination how = parse_prompt_elimination(arm).value();
    how.mode = PromptMode::layers;
    Profile profile = default_decoder_profile(model_->facts().num_layers);
    profile.prompt = how;
    profile.retention = numbers<double>(golden["retention"]);
    PromptPlanner planner(model_->facts(), profile, SentenceFinder(0, {}, {}));
    const PromptPlan plan = planner.plan(ids, golden["speedup"].number().value(), {}, PromptMode::layers);
    EXPECT_EQ(plan.counts, numbers<uint32_t>(golden["counts"]));
    EXPECT_EQ(plan.macs, golden["macs"].number().value());

    Sequence sequence = model_->begin(static_cast<uint32_t>(ids.size()), plan.counts, 8).value();
    const DecoderInput input{.ids = plan.ids, .positions = {}, .counts = plan.counts, .sequence = &sequence};
    const auto outputs = model_->run({&input, 1}, how);
    ASSERT_TRUE(outputs.ok()) << outputs.status().message();
    std::vector<std::vector<uint32_t>> kept;
    for (const JsonValue layer : golden["kept"].array().value()) kept.push_back(numbers<uint32_t>(layer));
    EXPECT_EQ(outputs->front().kept_positions, kept) << name_of(how.score);
    EXPECT_LT(difference(outputs->front().logits, numbers<double>(golden["logits"])), kTolerance);

    const auto greedy = numbers<int32_t>(golden["greedy"]);
    EXPECT_EQ(go_on(ids, plan, {.max_new_tokens = static_cast<uint32_t>(greedy.size()), .ignore_end = true}, how),
              greedy);
    for (size_t i = 0; i < greedy.size(); ++i) {
      const DecoderInput next{
          .ids = std::span(greedy).subspan(i, 1), .positions = {}, .counts = {}, .sequence = &sequence};
      const auto more = model_->run({&next, 1}, how);
      ASSERT_TRUE(more.ok());
      if (i + 1 < greedy.size()) continue;
      EXPECT_LT(difference(more->front().logits, numbers<double>(golden["logits_behind"])), kTolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Decoders, testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace latformer
