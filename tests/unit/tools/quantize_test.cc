#include "core/tools/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/files/files.h"
#include "core/format/json.h"
#include "core/format/safetensors.h"
#include "core/format/weights.h"
#include "core/kernels/rows.h"
#include "core/models/bert/architectures.h"
#include "core/models/bert/config.h"
#include "core/models/stored_matrix.h"
#include "core/tools/quantized_config.h"
#include "tests/unit/support/random_bert.h"

namespace latformer {
namespace {

namespace fs = std::filesystem;
using testing::NamedTensor;

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Quantize : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("latformer-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(source());
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path source() const { return root_ / "model"; }
  fs::path target() const { return root_ / "model-int8"; }

  // A whole model folder; `change` may spoil the tensors first.
  void write_source(DType dtype = DType::f32, const std::function<void(std::vector<NamedTensor>&)>& change = {}) {
    const BertConfig config = testing::config_of({});
    tensors_ = testing::random_bert(config, 1, dtype);
    if (change) change(tensors_);
    put(source() / "config.json", testing::config_json(config));
    put(source() / "model.safetensors", as_text(testing::safetensors_of(tensors_)));
    put(source() / "tokenizer.json", "{}");
    put(source() / "vocab.txt", "[PAD]\n");
    put(source() / "profile.json", "{\"version\": 1}");
  }

  static void put(const fs::path& path, std::string_view text) { ASSERT_TRUE(write_file(path, text).ok()) << path; }

  void expect_error(ErrorCode code, std::string_view part, const QuantizeOptions& options = {}) {
    const Result<QuantizeReport> report = quantize_folder(source(), target(), options);
    EXPECT_EQ(report.status().code(), code) << report.status().message();
    EXPECT_NE(report.status().message().find(part), std::string::npos) << report.status().message();
    for (const fs::directory_entry& entry : fs::directory_iterator(root_)) {
      EXPECT_EQ(entry.path().string().find(".partial"), std::string::npos) << entry.path();
    }
  }

  // The target's tensors by name.
  struct Stored {
    TensorInfo info;
    std::string bytes;
  };
  std::map<std::string, Stored> read_target() {
    const std::string file = read_file(target() / "model.safetensors").value();
    const auto bytes = std::as_bytes(std::span(file));
    const uint64_t size = safetensors_header_size(bytes).value();
    const SafetensorsHeader header = parse_safetensors_header(bytes.first(size)).value();
    EXPECT_EQ(header.file_size(), file.size());
    std::map<std::string, Stored> stored;
    for (const TensorInfo& info : header.tensors) {
      EXPECT_EQ((header.data_begin + info.begin) % size_of(info.dtype), 0u) << info.name;
      stored[info.name] = {info, file.substr(header.data_begin + info.begin, info.end - info.begin)};
    }
    return stored;
  }

  // The target's tensor `name` as floats.
  static std::vector<float> floats(const std::map<std::string, Stored>& stored, const std::string& name) {
    const Stored& values = stored.at(name);
    std::vector<float> numbers(values.info.elements());
    if (values.info.dtype == DType::f32) {
      std::memcpy(numbers.data(), values.bytes.data(), values.bytes.size());
      return numbers;
    }
    const std::vector<float> scales = floats(stored, name + "_scale");
    const size_t columns = numbers.size() / scales.size();
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = scales[i / columns] * static_cast<float>(static_cast<int8_t>(values.bytes[i]));
    }
    return numbers;
  }

  fs::path root_;
  std::vector<NamedTensor> tensors_;
};

TEST_F(Quantize, KeepsWhatEveryWeightMeans) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    fs::remove_all(target());
    write_source(dtype);
    const QuantizeReport report = quantize_folder(source(), target()).value();
    const auto stored = read_target();
    for (const NamedTensor& tensor : tensors_) {
      const std::string common = bert_architectures().front().looked_up(tensor.name);
      const std::string name = (common.starts_with("classifier.") ? "" : "bert.") + common;
      ASSERT_TRUE(stored.contains(name)) << name;
      EXPECT_EQ(stored.at(name).info.shape, tensor.shape);
      const std::vector<float> numbers = floats(stored, name);
      const bool is_int8 = stored.at(name).info.dtype == DType::i8;
      EXPECT_EQ(is_int8, tensor.shape.size() == 2 && name != "classifier.weight" &&
                             name != "bert.embeddings.token_type_embeddings.weight")
          << name;
      const size_t columns = is_int8 ? tensor.shape[1] : tensor.values.size();
      for (size_t begin = 0; begin < numbers.size(); begin += columns) {
        double largest = 0;
        for (size_t i = begin; i < begin + columns; ++i) largest = std::max(largest, std::abs(tensor.values[i]));
        const double tolerance = is_int8 ? largest / 127 * 0.50001 : 0;
        for (size_t i = begin; i < begin + columns; ++i) EXPECT_NEAR(numbers[i], tensor.values[i], tolerance) << name;
      }
    }
    EXPECT_EQ(report.file_after, fs::file_size(target() / "model.safetensors"));
    EXPECT_EQ(report.file_before, fs::file_size(source() / "model.safetensors"));
  }
}

// What the engine makes of 4 bits, and that no other scale of a group would have done much better than the largest
// weight's.
TEST_F(Quantize, PacksFourBits) {
  write_source();
  const QuantizeReport report = quantize_folder(source(), target(), {.bits = 4}).value();
  EXPECT_TRUE(parse_bert_config(read_file(target() / "config.json").value())->quantized);
  const auto stored = read_target();
  int the_same = 0;
  for (const NamedTensor& tensor : tensors_) {
    const std::string common = bert_architectures().front().looked_up(tensor.name);
    const std::string name = (common.starts_with("classifier.") ? "" : "bert.") + common;
    if (stored.contains(name)) continue;
    const Stored& packed = stored.at(name + "_packed");
    const std::vector<float> scales = floats(stored, name + "_scale");
    const size_t rows = tensor.shape[0], columns = tensor.shape[1], words = (columns + 7) / 8;
    const size_t group = rows * columns / scales.size();
    EXPECT_EQ(packed.info.shape, (std::vector<uint64_t>{rows, words})) << name;
    const std::string& extents = stored.at(name + "_shape").bytes;
    EXPECT_EQ(std::memcmp(extents.data(), tensor.shape.data(), extents.size()), 0) << name;
    // A model that is rounded to 4 bits as it loads is the same, where its matrices have groups as large as this one's.
    StoredMatrix own{.rows = rows, .columns = columns, .dtype = DType::f32, .values = {}, .scales = {}};
    ASSERT_TRUE(own.values.reserve(rows * columns * sizeof(float)).ok());
    for (size_t i = 0; i < rows * columns; ++i) {
      reinterpret_cast<float*>(own.values.data())[i] = static_cast<float>(tensor.values[i]);
    }
    ASSERT_TRUE(own.narrow_to_int4().ok());
    if (own.dtype == DType::i32 && own.group == group) {
      ++the_same;
      EXPECT_EQ(std::memcmp(own.values.data(), packed.bytes.data(), packed.bytes.size()), 0) << name;
      EXPECT_TRUE(std::ranges::equal(own.scales.span().first(scales.size()), scales)) << name;
    }
    std::vector<float> row(columns);
    for (size_t r = 0; r < rows; ++r) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(packed.bytes.data()) + r * words * 4;
      kernels::widen_i4(columns, group, bytes, scales.data() + r * columns / group, row.data());
      for (size_t first = 0; first < columns; first += group) {
        double largest = 0, squares = 0;
        for (size_t i = first; i < first + group; ++i) {
          const double w = tensor.values[r * columns + i];
          largest = std::max(largest, std::abs(w));
          squares += (row[i] - w) * (row[i] - w);
        }
        EXPECT_LE(std::sqrt(squares / static_cast<double>(group)), largest / 7.5 * 0.51) << name;
      }
    }
  }
  EXPECT_GT(the_same, 0);
  const QuantizeReport int8 = quantize_folder(source(), target(), {.force = true}).value();
  EXPECT_LT(report.file_after, int8.file_after);
  EXPECT_GT(report.parts[1].largest_error, int8.parts[1].largest_error);
}

TEST_F(Quantize, WritesInUsualOrder) {
  write_source();
  ASSERT_TRUE(quantize_folder(source(), target()).ok());
  const auto stored = read_target();
  std::vector<TensorInfo> in_order;
  for (const auto& [name, tensor] : stored) in_order.push_back(tensor.info);
  std::sort(in_order.begin(), in_order.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < in_order.size(); ++i) {
    const bool narrower = size_of(in_order[i].dtype) < size_of(in_order[i - 1].dtype);
    EXPECT_TRUE(narrower || in_order[i - 1].name < in_order[i].name) << in_order[i].name;
    EXPECT_LE(size_of(in_order[i].dtype), size_of(in_order[i - 1].dtype));
  }
}

TEST_F(Quantize, BringsTheOtherFilesAlong) {
  write_source();
  put(source() / "pytorch_model.bin", "old");
  ASSERT_TRUE(quantize_folder(source(), target()).ok());
  EXPECT_EQ(read_file(target() / "tokenizer.json").value(), "{}");
  EXPECT_EQ(read_file(target() / "profile.json").value(), "{\"version\": 1}");
  EXPECT_FALSE(fs::exists(target() / "vocab.txt"));  // tokenizer.json has it
  EXPECT_FALSE(fs::exists(target() / "pytorch_model.bin"));
  fs::remove(source() / "tokenizer.json");
  fs::remove(source() / "profile.json");
  put(target() / "README.md", "mine");
  ASSERT_TRUE(quantize_folder(source(), target(), {.force = true}).ok());
  EXPECT_EQ(read_file(target() / "vocab.txt").value(), "[PAD]\n");
  EXPECT_FALSE(fs::exists(target() / "tokenizer.json"));  // it would count instead of vocab.txt
  EXPECT_FALSE(fs::exists(target() / "profile.json"));
  EXPECT_EQ(read_file(target() / "README.md").value(), "mine");
}

TEST_F(Quantize, BringsAFolderOfSentenceTransformersAlong) {
  write_source();
  fs::create_directories(source() / "1_Pooling");
  put(source() / "modules.json", "[]");
  put(source() / "1_Pooling/config.json", "first");
  ASSERT_TRUE(quantize_folder(source(), target()).ok());
  EXPECT_EQ(read_file(target() / "1_Pooling/config.json").value(), "first");
  put(source() / "1_Pooling/config.json", "second");
  ASSERT_TRUE(quantize_folder(source(), target(), {.force = true}).ok());  // into a folder that is there
  EXPECT_EQ(read_file(target() / "1_Pooling/config.json").value(), "second");
  fs::remove_all(source() / "1_Pooling");
  fs::remove(source() / "modules.json");
  ASSERT_TRUE(quantize_folder(source(), target(), {.force = true}).ok());
  EXPECT_FALSE(fs::exists(target() / "modules.json"));  // another model's
  EXPECT_FALSE(fs::exists(target() / "1_Pooling/config.json"));
}

// Of an adapter, say.
TEST_F(Quantize, LeavesMatricesFloatThatGroupsDoNotFit) {
  write_source(DType::f32, [](std::vector<NamedTensor>& tensors) {
    tensors.push_back(
        testing::make_tensor("bert.encoder.layer.0.adapter.up.weight", DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6}));
  });
  ASSERT_TRUE(quantize_folder(source(), target(), {.bits = 4}).ok());
  const auto stored = read_target();
  EXPECT_TRUE(stored.contains("bert.encoder.layer.0.adapter.up.weight"));
}

TEST_F(Quantize, ReadsOldNamesAndLeavesOutWhatIsNotUsed) {
  write_source(DType::f32, [](std::vector<NamedTensor>& tensors) {
    for (NamedTensor& tensor : tensors) {
      tensor.name = bert_architectures().front().looked_up(tensor.name);
      if (tensor.name == "embeddings.LayerNorm.weight") tensor.name = "embeddings.LayerNorm.gamma";
    }
    tensors.push_back(testing::make_tensor("embeddings.position_ids", DType::i64, {2}, {0, 1}));
    tensors.push_back(testing::make_tensor("cls.predictions.bias", DType::f32, {2}, {0, 1}));
  });
  ASSERT_TRUE(quantize_folder(source(), target()).ok());
  const auto stored = read_target();
  EXPECT_TRUE(stored.contains("bert.embeddings.LayerNorm.weight"));
  for (const auto& [name, tensor] : stored) {
    EXPECT_TRUE(name.starts_with("bert.") || name.starts_with("classifier.")) << name;
    EXPECT_EQ(name.find("position_ids"), name.npos);
  }
}

TEST_F(Quantize, ReportsSizesAndErrors) {
  write_source();
  const QuantizeReport report = quantize_folder(source(), target()).value();
  ASSERT_EQ(report.parts.size(), 5u);
  for (const QuantizedPart& part : report.parts) {
    if (part.name == "head") {
      EXPECT_EQ(part.bytes_before, part.bytes_after);
      EXPECT_TRUE(part.worst_tensor.empty());
    } else {
      EXPECT_LT(part.bytes_after, part.bytes_before);
      EXPECT_GT(part.largest_error, 0.001);
      EXPECT_LT(part.largest_error, 0.02);
      EXPECT_TRUE(part.worst_tensor.ends_with(".weight"));
    }
  }
  const std::string text = to_text(report);
  EXPECT_NE(text.find("feed-forward"), std::string::npos);
  EXPECT_NE(text.find("model.safetensors"), std::string::npos);
}

TEST_F(Quantize, RefusesATargetThatIsThere) {
  write_source();
  put(target(), "a file");
  expect_error(ErrorCode::invalid_argument, "no folder", {.force = true});
  fs::remove(target());
  fs::create_directory(target());
  put(target() / "README.md", "mine");
  put(target() / "config.json", "old");
  expect_error(ErrorCode::invalid_argument, "--force");
  EXPECT_EQ(read_file(target() / "config.json").value(), "old");
  ASSERT_TRUE(quantize_folder(source(), target(), {.force = true}).ok());
  EXPECT_EQ(read_file(target() / "README.md").value(), "mine");
  EXPECT_TRUE(parse_bert_config(read_file(target() / "config.json").value()).value().quantized);
  EXPECT_FALSE(fs::exists(root_ / "model-int8.partial"));
}

TEST_F(Quantize, TakesATargetWithASlashBehindIt) {
  write_source();
  ASSERT_TRUE(quantize_folder(source() / "", target() / "").ok());
  EXPECT_TRUE(fs::exists(target() / "model.safetensors"));
  ASSERT_TRUE(quantize_folder(source(), target() / "", {.force = true}).ok());
  EXPECT_FALSE(fs::exists(target() / ".partial"));
}

TEST_F(Quantize, RefusesItsOwnSource) {
  write_source();
  const Result<QuantizeReport> report = quantize_folder(source(), source() / "../model", {.force = true});
  EXPECT_EQ(report.status().code(), ErrorCode::invalid_argument);
}

TEST_F(Quantize, LeavesWhatAnotherRunLeftBehind) {
  write_source();
  fs::create_directory(root_ / "model-int8.partial");
  ASSERT_TRUE(quantize_folder(source(), target()).ok());
  EXPECT_TRUE(fs::exists(root_ / "model-int8.partial"));
  EXPECT_FALSE(fs::exists(root_ / "model-int8.partial-2"));
}

TEST_F(Quantize, RefusesAMissingFolderOrFile) {
  expect_error(ErrorCode::invalid_argument, "config.json");
  write_source();
  fs::remove(source() / "model.safetensors");
  expect_error(ErrorCode::invalid_argument, "model.safetensors");
  write_source();
  EXPECT_EQ(quantize_folder(source(), root_ / "no" / "such" / "parent").status().code(), ErrorCode::invalid_argument);
}

TEST_F(Quantize, RefusesWhatIsInt8Already) {
  write_source(DType::i8);
  expect_error(ErrorCode::unsupported_model, "quantised already");
  write_source();
  ASSERT_TRUE(quantize_folder(source(), root_ / "once").ok());
  const Result<QuantizeReport> again = quantize_folder(root_ / "once", target());
  EXPECT_EQ(again.status().code(), ErrorCode::unsupported_model);
  EXPECT_NE(again.status().message().find("quantised already"), std::string::npos);
}

TEST_F(Quantize, RefusesBrokenModels) {
  write_source();
  put(source() / "config.json", R"({"model_type": "mamba"})");
  expect_error(ErrorCode::unsupported_model, "model_type");

  write_source(DType::f32, [](std::vector<NamedTensor>& tensors) { tensors.erase(tensors.begin() + 3); });
  expect_error(ErrorCode::bad_model, "is missing");

  write_source(DType::f32, [](std::vector<NamedTensor>& tensors) {
    const float nan = std::nanf("");
    std::memcpy(testing::find(tensors, "bert.pooler.dense.weight").bytes.data(), &nan, sizeof(nan));
  });
  expect_error(ErrorCode::bad_model, "\"bert.pooler.dense.weight\" holds a number that is not finite");

  write_source();
  const std::string file = read_file(source() / "model.safetensors").value();
  for (const size_t size : {size_t{0}, size_t{7}, size_t{100}, file.size() - 1}) {
    put(source() / "model.safetensors", std::string_view(file).substr(0, size));
    expect_error(ErrorCode::bad_model, "model.safetensors: ");
  }
  put(source() / "model.safetensors", file + "x");
  expect_error(ErrorCode::bad_model, "bytes instead of");
}

TEST(QuantizedConfig, ChangesOnlyTheTypeAndTheQuantisation) {
  const std::vector<std::string> of_floats = {"classifier", "bert.embeddings.token_type_embeddings"};
  const std::string json =
      quantized_config(
          R"({"model_type": "bert", "torch_dtype": "float16", "dtype": "bfloat16", "id2label": {"0": "é"}})", of_floats)
          .value();
  const JsonDocument document = JsonDocument::parse("config.json", json).value();
  const JsonValue root = document.root();
  EXPECT_EQ(root["dtype"].string().value(), "float32");
  EXPECT_FALSE(root["torch_dtype"].exists());
  EXPECT_EQ(root["id2label"]["0"].string().value(), "é");
  EXPECT_EQ(root["quantization_config"]["quant_method"].string().value(), "compressed-tensors");
  EXPECT_EQ(root["quantization_config"]["ignore"].array().value().size(), of_floats.size());
  EXPECT_TRUE(json.ends_with("}\n"));
}

}  // namespace
}  // namespace latformer
