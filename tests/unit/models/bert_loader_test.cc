#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <random>

#include "core/models/bert/classification_head.h"
#include "core/models/bert/model.h"
#include "core/models/bert/weights.h"
#include "tests/unit/support/allocations.h"
#include "tests/unit/support/random_bert.h"

namespace latformer {
namespace {

using testing::config_of;
using testing::make_tensor;
using testing::NamedTensor;
using testing::random_bert;
using testing::safetensors_of;
using Bytes = std::vector<std::byte>;

const BertConfig kConfig = config_of({.layers = 2, .labels = 3});

// Feeds the file in parts of `part` bytes.
Result<BertWeights> load(const BertConfig& config, const Bytes& file, size_t part = 1 << 20,
                         std::optional<Precision> precision = {}) {
  BertLoader loader(config, ClassificationHead::create(config).value(), precision);
  for (size_t begin = 0; begin < file.size(); begin += part) {
    LATFORMER_TRY(loader.append(std::span(file).subspan(begin, std::min(part, file.size() - begin))));
  }
  return loader.finish();
}

Status status_of(const std::vector<NamedTensor>& tensors) { return load(kConfig, safetensors_of(tensors)).status(); }

std::vector<float> logits_of(const BertConfig& config, BertWeights weights) {
  Bert bert = Bert::create(config, std::move(weights), Threads::create(1).value()).value();
  const std::vector<int32_t> ids{1, 5, 9, 13, 2, 7, 8};
  const std::vector<uint8_t> types{0, 0, 0, 0, 1, 1, 1};
  std::vector<uint32_t> counts(config.num_hidden_layers, 4);
  counts.back() = 1;
  const EncoderInput input{.ids = ids, .type_ids = types, .counts = counts};
  return bert.run({&input, 1}, Dropped::merge).value()[0].result;
}

std::vector<float> logits_of(const std::vector<NamedTensor>& tensors, size_t part = 1 << 20) {
  auto weights = load(kConfig, safetensors_of(tensors), part);
  EXPECT_TRUE(weights.ok()) << weights.status().message();
  return logits_of(kConfig, std::move(weights).value());
}

void expect_error(const Status& status, ErrorCode code, std::string_view part_of_message) {
  EXPECT_EQ(name_of(status.code()), name_of(code)) << status.message();
  EXPECT_NE(status.message().find(part_of_message), std::string::npos) << status.message();
}

std::string without_prefix(const std::string& name) { return name.starts_with("bert.") ? name.substr(5) : name; }

TEST(BertLoader, TakesPartsOfAnySize) {
  for (const DType dtype : {DType::f32, DType::f16, DType::i8}) {
    const std::vector<NamedTensor> tensors = random_bert(kConfig, 3, dtype);
    const std::vector<float> whole = logits_of(tensors);
    for (const size_t part : {1, 7, 64, 4099}) EXPECT_EQ(logits_of(tensors, part), whole);
  }
}

TEST(BertLoader, ComputesInThePrecisionAskedForOrElseInTheFiles) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::i8}) {
    const Bytes file = safetensors_of(random_bert(kConfig, 3, dtype));
    const auto as_asked = [&](std::optional<Precision> precision) {
      return load(kConfig, file, 1 << 20, precision).value();
    };
    const BertWeights f32 = as_asked(Precision::f32);
    const BertWeights int8 = as_asked(Precision::int8);
    EXPECT_EQ(f32.layers[0].query_key_value.precision(), Precision::f32);
    EXPECT_EQ(int8.layers[0].query_key_value.precision(), Precision::int8);
    EXPECT_EQ(int8.layers[1].output.precision(), Precision::int8);
    const auto& head = static_cast<const ClassificationHead&>(*int8.head);
    EXPECT_EQ(head.pooler().precision(), Precision::int8);
    EXPECT_EQ(head.classifier().precision(), Precision::f32) << "it is small and decides";
    EXPECT_EQ(int8.word_embeddings.dtype, DType::i8);
    EXPECT_EQ(as_asked({}).layers[0].output.precision(), dtype == DType::i8 ? Precision::int8 : Precision::f32);

    const std::vector<float> exact = logits_of(kConfig, as_asked(Precision::f32));
    const std::vector<float> rounded = logits_of(kConfig, as_asked(Precision::int8));
    for (size_t label = 0; label < exact.size(); ++label) EXPECT_NEAR(exact[label], rounded[label], 0.15);
    EXPECT_NE(exact, rounded);
  }
}

TEST(BertLoader, TakesAScorerWhereThereIsOneAndOfItsShape) {
  std::vector<NamedTensor> tensors = random_bert(kConfig, 3, DType::f32);
  testing::add_scorers(kConfig, 4, tensors);
  EXPECT_TRUE(load(kConfig, safetensors_of(tensors)).ok());
  const std::string name = tensors.back().name;
  tensors.back() = testing::make_tensor(name, DType::f32, {kConfig.hidden_size - 1},
                                        std::vector<double>(kConfig.hidden_size - 1, 0));
  const Status status = load(kConfig, safetensors_of(tensors)).status();
  EXPECT_EQ(status.code(), ErrorCode::bad_model);
  EXPECT_NE(status.message().find("scorer"), std::string::npos) << status.message();
}

TEST(BertLoader, RefusesToRoundWhatIsNoNumber) {
  std::vector<NamedTensor> tensors = random_bert(kConfig, 3, DType::f32);
  for (NamedTensor& tensor : tensors) {
    if (!tensor.name.ends_with("layer.1.output.dense.weight")) continue;
    const float infinity = std::numeric_limits<float>::infinity();
    std::memcpy(tensor.bytes.data() + 40, &infinity, sizeof(infinity));
  }
  const Status status = load(kConfig, safetensors_of(tensors), 1 << 20, Precision::int8).status();
  EXPECT_EQ(status.code(), ErrorCode::bad_model) << status.message();
}

TEST(BertLoader, TakesTensorsInAnyOrder) {
  for (const DType dtype : {DType::bf16, DType::i8}) {
    std::vector<NamedTensor> tensors = random_bert(kConfig, 4, dtype);
    const std::vector<float> expected = logits_of(tensors);
    std::mt19937 random(5);
    for (int i = 0; i < 5; ++i) {
      std::shuffle(tensors.begin(), tensors.end(), random);
      EXPECT_EQ(logits_of(tensors), expected);
    }
  }
}

TEST(BertLoader, KnowsOldNamesAndPassesOverWhatItDoesNotNeed) {
  std::vector<NamedTensor> tensors = random_bert(kConfig, 6);
  const std::vector<float> expected = logits_of(tensors);
  for (NamedTensor& tensor : tensors) {
    tensor.name = without_prefix(tensor.name);
    const size_t norm = tensor.name.find("LayerNorm.");
    if (norm == std::string::npos) continue;
    tensor.name = tensor.name.substr(0, norm + 10) + (tensor.name.ends_with("weight") ? "gamma" : "beta");
  }
  tensors.insert(tensors.begin(), make_tensor("embeddings.position_ids", DType::i64, {1, 4}, {0, 1, 2, 3}));
  tensors.push_back(make_tensor("cls.predictions.bias", DType::f64, {2}, {1, 2}));
  tensors.push_back(make_tensor("cls.nothing", DType::f32, {0}, {}));
  EXPECT_EQ(logits_of(tensors), expected);
  EXPECT_EQ(logits_of(tensors, 1), expected);
}

TEST(BertLoader, NamesEveryMissingTensor) {
  const std::vector<NamedTensor> tensors = random_bert(kConfig, 7, DType::i8);
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::vector<NamedTensor> fewer = tensors;
    fewer.erase(fewer.begin() + i);
    const std::string name = without_prefix(tensors[i].name);
    const bool is_head = name == "classifier.weight" || name == "pooler.dense.weight";
    expect_error(status_of(fewer), is_head ? ErrorCode::unsupported_model : ErrorCode::bad_model, name);
  }
}

TEST(BertLoader, SaysWhichShapeIsMissing) {
  std::vector<NamedTensor> tensors = random_bert(kConfig, 7);
  std::erase_if(tensors,
                [](const NamedTensor& tensor) { return tensor.name.ends_with("1.intermediate.dense.weight"); });
  expect_error(status_of(tensors), ErrorCode::bad_model, "(48, 16)");
}

TEST(BertLoader, SaysThatAPlainEncoderIsToBeFineTuned) {
  std::vector<NamedTensor> tensors = random_bert(kConfig, 7);
  std::erase_if(tensors, [](const NamedTensor& tensor) { return tensor.name.starts_with("classifier."); });
  expect_error(status_of(tensors), ErrorCode::unsupported_model, "fine-tune it as BertForSequenceClassification");
}

TEST(BertLoader, NamesEveryMisshapenTensor) {
  const std::vector<NamedTensor> tensors = random_bert(kConfig, 8);
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::vector<NamedTensor> changed = tensors;
    std::vector<uint64_t> shape = tensors[i].shape;
    shape[0] += 1;
    uint64_t size = 1;
    for (const uint64_t extent : shape) size *= extent;
    changed[i] = make_tensor(tensors[i].name, DType::f32, shape, std::vector<double>(size, 0));
    expect_error(status_of(changed), ErrorCode::bad_model, tensors[i].name);

    shape = tensors[i].shape;
    shape.push_back(1);
    changed[i] = tensors[i];
    changed[i].shape = shape;
    expect_error(status_of(changed), ErrorCode::bad_model, tensors[i].name);
  }
}

TEST(BertLoader, RefusesTypesThatItCannotRead) {
  const std::vector<NamedTensor> tensors = random_bert(kConfig, 9);
  for (const std::string name : {"bert.encoder.layer.1.output.dense.weight", "bert.pooler.dense.bias"}) {
    std::vector<NamedTensor> changed = tensors;
    NamedTensor& tensor = testing::find(changed, name);
    tensor = make_tensor(name, DType::i64, tensor.shape, tensor.values);
    expect_error(status_of(changed), ErrorCode::unsupported_model, name);
  }
}

TEST(BertLoader, WantsSymmetricInt8WithOneScaleForEachRow) {
  const std::vector<NamedTensor> tensors = random_bert(kConfig, 10, DType::i8);
  const std::vector<float> expected = logits_of(tensors);
  const std::string name = "bert.encoder.layer.0.intermediate.dense.weight";
  const uint64_t rows = kConfig.intermediate_size;

  std::vector<NamedTensor> changed = tensors;
  testing::find(changed, name + "_scale").shape = {rows};  // as good as (rows, 1)
  changed.push_back(make_tensor(name + "_zero_point", DType::i8, {rows, 1}, std::vector<double>(rows, 0)));
  EXPECT_EQ(logits_of(changed), expected);

  changed.back() = make_tensor(name + "_zero_point", DType::i8, {rows, 1}, std::vector<double>(rows, 1));
  expect_error(status_of(changed), ErrorCode::unsupported_model, "zero point");

  changed.back() = make_tensor(name + "_zero_point", DType::i8, {0}, {});
  expect_error(status_of(changed), ErrorCode::unsupported_model, "shape (0) where the scales have");

  changed = tensors;
  testing::find(changed, name + "_scale") = make_tensor(name + "_scale", DType::f32, {1}, {1});
  EXPECT_FALSE(status_of(changed).ok());
}

TEST(BertLoader, RefusesNumbersThatAreNotFinite) {
  // The upper two bytes: no number, infinity, -infinity.
  const std::map<DType, std::vector<uint16_t>> poison = {{DType::f32, {0x7FC0, 0x7F80, 0xFF80}},
                                                         {DType::f16, {0x7E00, 0x7C00, 0xFC00}},
                                                         {DType::bf16, {0x7FC0, 0x7F80, 0xFF80}}};
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::i8}) {
    const std::vector<NamedTensor> healthy = random_bert(kConfig, 10, dtype);
    for (size_t i = 0; i < healthy.size(); ++i) {
      if (healthy[i].dtype == DType::i8) continue;
      for (const uint16_t bits : poison.at(healthy[i].dtype)) {
        SCOPED_TRACE(healthy[i].name + ", " + std::string(name_of(healthy[i].dtype)) + ", " + std::to_string(bits));
        std::vector<NamedTensor> tensors = healthy;
        std::vector<std::byte>& bytes = tensors[i].bytes;
        const size_t size = size_of(healthy[i].dtype);
        std::fill(bytes.end() - static_cast<ptrdiff_t>(size), bytes.end(), std::byte{0});
        std::memcpy(bytes.data() + bytes.size() - sizeof(bits), &bits, sizeof(bits));
        expect_error(status_of(tensors), ErrorCode::bad_model, "a number that is not finite");
      }
    }
  }
}

TEST(BertLoader, RefusesOneTensorUnderTwoNames) {
  std::vector<NamedTensor> tensors = random_bert(kConfig, 11);
  tensors.push_back(testing::find(tensors, "bert.pooler.dense.bias"));
  tensors.back().name = "pooler.dense.bias";
  expect_error(status_of(tensors), ErrorCode::bad_model, "pooler.dense.bias");
}

TEST(BertLoader, RefusesFilesThatAreTooShortOrTooLong) {
  Bytes file = safetensors_of(random_bert(kConfig, 12));
  for (const size_t size : {size_t{0}, size_t{5}, size_t{8}, size_t{500}, file.size() / 2, file.size() - 1}) {
    const Bytes part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    expect_error(load(kConfig, part).status(), ErrorCode::bad_model, "model.safetensors");
    expect_error(load(kConfig, part, 3).status(), ErrorCode::bad_model, "model.safetensors");
  }
  file.push_back(std::byte{0});
  expect_error(load(kConfig, file).status(), ErrorCode::bad_model, "model.safetensors");
}

TEST(BertLoader, RefusesHeadersThatAreNone) {
  for (const std::string text :
       {"<!DOCTYPE html><html>not found</html>", "version https://git-lfs.github.com/spec/v1"}) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    expect_error(load(kConfig, Bytes(begin, begin + text.size())).status(), ErrorCode::bad_model, "model.safetensors");
  }
  EXPECT_EQ(load(kConfig, Bytes(8, std::byte{0})).status().code(), ErrorCode::bad_model);
}

TEST(BertLoader, RepeatsItsError) {
  std::vector<NamedTensor> tensors = random_bert(kConfig, 13);
  tensors.pop_back();
  const Bytes file = safetensors_of(tensors);
  BertLoader loader(kConfig, ClassificationHead::create(kConfig).value());
  const Status first = loader.append(file);
  EXPECT_FALSE(first.ok());
  EXPECT_EQ(loader.append(file).message(), first.message());
  EXPECT_EQ(loader.finish().status().message(), first.message());
}

TEST(BertLoader, PeaksBelowOnePointThreeTimesTheWeights) {
  if (!testing::can_measure_heap()) GTEST_SKIP() << "the heap cannot be measured in this build";
  const BertConfig config =
      config_of({.layers = 6, .heads = 4, .head_size = 24, .intermediate_size = 384, .vocab_size = 2000});
  for (const DType dtype : {DType::f32, DType::f16, DType::i8}) {
    for (const bool scales_last : {false, true}) {
      std::vector<NamedTensor> tensors = random_bert(config, 14, dtype);
      if (scales_last) {
        std::vector<NamedTensor> scales;
        const auto is_scale = [](const NamedTensor& tensor) { return tensor.name.ends_with("_scale"); };
        std::ranges::copy_if(tensors, std::back_inserter(scales), is_scale);
        std::erase_if(tensors, is_scale);
        tensors.insert(tensors.end(), scales.begin(), scales.end());
      }
      const Bytes file = safetensors_of(tensors);
      const size_t before = testing::heap_bytes();
      testing::reset_heap_peak();
      const auto weights = load(config, file, 1 << 16);
      ASSERT_TRUE(weights.ok());
      const auto kept = static_cast<double>(testing::heap_bytes() - before);
      const auto most = static_cast<double>(testing::heap_peak() - before);
      EXPECT_GT(kept, dtype == DType::i8 ? 0.9e6 : 2.5e6);
      EXPECT_LT(most, 1.3 * kept) << name_of(dtype) << (scales_last ? ", scales last" : "");
      ::testing::Test::RecordProperty("peak", std::to_string(most / kept));
    }
  }
}

TEST(BertLoader, ReportsWhateverAllocationFails) {
  if (!testing::can_fail_buffers()) GTEST_SKIP() << "allocations cannot be made to fail in this build";
  const Bytes file = safetensors_of(random_bert(kConfig, 15, DType::i8));
  size_t failures = 0;
  for (;; ++failures) {
    testing::fail_buffer(failures + 1);
    const Status status = load(kConfig, file).status();
    if (!testing::buffer_failed()) break;
    EXPECT_EQ(status.code(), ErrorCode::out_of_memory) << status.message();
  }
  testing::fail_buffer(0);
  EXPECT_GT(failures, 40U);
}

}  // namespace
}  // namespace latformer
