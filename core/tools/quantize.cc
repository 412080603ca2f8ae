#include "core/tools/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/buffer.h"
#include "core/files/files.h"
#include "core/format/quote.h"
#include "core/format/safetensors.h"
#include "core/format/weights.h"
#include "core/kernels/int4_rows.h"
#include "core/kernels/int8_rows.h"
#include "core/models/stored_matrix.h"
#include "core/tools/quantizable.h"
#include "core/tools/quantized_config.h"

namespace latformer {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr uint64_t kChunkBytes = 1 << 20;  // rows are read so many bytes at a time

// One tensor of the source on its way.
struct Weight {
  const TensorInfo* source = nullptr;
  size_t part = 0;
  bool quantised = false;
  bool transposed = false;  // it stands as (columns, rows)
  uint64_t rows = 1;
  uint64_t columns = 0;
  std::vector<float> scales;       // (rows, columns / group), if quantised
  std::array<int64_t, 2> shape{};  // as stored beside 4 bits
};

// One tensor of the target.
struct Output {
  enum class Kind { shape, floats, scales, integers };  // in the order in which they stand in the file
  TensorInfo info;
  Kind kind = Kind::floats;
  Weight* weight = nullptr;
};

bool is_float(DType dtype) { return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16; }

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

class Quantizer {
 public:
  Quantizer(const Quantizable& model, InputFile& source, OutputFile& target, size_t group)
      : model_(model), source_(source), target_(target), group_(group) {}

  Result<QuantizeReport> run() {
    LATFORMER_TRY(read_header());
    LATFORMER_TRY(choose_weights());
    for (Weight& weight : weights_) {
      if (weight.quantised) LATFORMER_TRY(find_scales(weight));
    }
    LATFORMER_TRY(write_outputs());
    report_.file_before = source_.size();
    return std::move(report_);
  }

  // Those whose matrices are no integers; of the file, after run().
  std::span<const std::string> float_modules() const { return float_modules_; }

 private:
  using RowVisitor = std::function<Status(uint64_t row, std::span<const float> values)>;

  Status read_header() {
    std::vector<std::byte> head(std::min<uint64_t>(8, source_.size()));
    LATFORMER_TRY(source_.read(0, head));
    LATFORMER_ASSIGN(const uint64_t size, safetensors_header_size(head));
    head.resize(std::min(size, source_.size()));
    LATFORMER_TRY(source_.read(0, head));
    LATFORMER_ASSIGN(header_, parse_safetensors_header(head));
    if (source_.size() != header_.file_size()) {
      return bad_model("model.safetensors: the file has " + std::to_string(source_.size()) + " bytes instead of " +
                       std::to_string(header_.file_size()));
    }
    return model_.check(head);
  }

  Status choose_weights() {
    for (const TensorInfo& tensor : header_.tensors) {
      const std::string name = model_.looked_up(tensor.name);
      Weight weight;
      weight.source = &tensor;
      weight.part = model_.part_of(name);
      if ((tensor.dtype == DType::i8 || tensor.dtype == DType::i32) && weight.part < model_.parts.size()) {
        return unsupported_model("model.safetensors: tensor " + quote(tensor.name) + " is quantised already");
      }
      if (weight.part == model_.parts.size() || !is_float(tensor.dtype)) continue;  // the model has no use for it
      const bool is_matrix = tensor.shape.size() == 2;
      weight.transposed = is_matrix && model_.is_transposed(name);
      const uint64_t rows = is_matrix ? tensor.shape[weight.transposed ? 1 : 0] : 1;
      const uint64_t columns = is_matrix ? tensor.shape[weight.transposed ? 0 : 1] : tensor.elements();
      const std::string stored = model_.stored(name);
      const bool stays_float = std::ranges::find(model_.float_weights, stored) != model_.float_weights.end();
      weight.quantised = is_matrix && stored.ends_with(kWeight) && !stays_float &&
                         (group_ == 0 || columns % group_ == 0);  // a model may hold more than it needs
      if (is_matrix && stored.ends_with(kWeight) && !weight.quantised) {
        float_modules_.push_back(stored.substr(0, stored.size() - kWeight.size()));
      }
      weight.transposed = weight.transposed && weight.quantised;
      weight.rows = weight.quantised ? rows : 1;
      weight.columns = weight.quantised ? columns : tensor.elements();
      weight.shape = {static_cast<int64_t>(weight.rows), static_cast<int64_t>(weight.columns)};
      weights_.push_back(std::move(weight));
    }
    for (const std::string_view name : model_.parts) report_.parts.emplace_back().name = name;
    return {};
  }

  // Every row as floats, in order. Errors also if a number is not finite.
  Status for_each_row(const Weight& weight, const RowVisitor& visit) {
    const uint64_t row_bytes = weight.columns * size_of(weight.source->dtype);
    if (weight.rows == 0 || row_bytes == 0) return {};
    if (weight.transposed) return for_each_column(weight, visit);
    StoredMatrix chunk;
    chunk.columns = weight.columns;
    chunk.dtype = weight.source->dtype;
    chunk.rows = std::min(std::max<uint64_t>(kChunkBytes / row_bytes, 1), weight.rows);
    LATFORMER_ASSIGN(chunk.values, Buffer<std::byte>::allocate(chunk.rows * row_bytes));
    LATFORMER_ASSIGN(Buffer<float> row, Buffer<float>::allocate(weight.columns));
    for (uint64_t first = 0; first < weight.rows; first += chunk.rows) {
      const uint64_t count = std::min<uint64_t>(chunk.rows, weight.rows - first);
      const uint64_t offset = header_.data_begin + weight.source->begin + first * row_bytes;
      LATFORMER_TRY(source_.read(offset, chunk.values.span().first(count * row_bytes)));
      for (uint64_t i = 0; i < count; ++i) {
        chunk.widen_row(i, row.data());
        LATFORMER_TRY(check_finite(weight, row.span()));
        LATFORMER_TRY(visit(first + i, row.span()));
      }
    }
    return {};
  }

  // The same of one that stands the other way round, which has to be in memory whole.
  Status for_each_column(const Weight& weight, const RowVisitor& visit) {
    StoredMatrix matrix;
    matrix.rows = weight.columns;
    matrix.columns = weight.rows;
    matrix.dtype = weight.source->dtype;
    LATFORMER_ASSIGN(matrix.values, Buffer<std::byte>::allocate(matrix.rows * matrix.row_bytes()));
    LATFORMER_TRY(source_.read(header_.data_begin + weight.source->begin, matrix.values.span()));
    LATFORMER_TRY(matrix.transpose());
    LATFORMER_ASSIGN(Buffer<float> row, Buffer<float>::allocate(weight.columns));
    for (uint64_t i = 0; i < weight.rows; ++i) {
      matrix.widen_row(i, row.data());
      LATFORMER_TRY(check_finite(weight, row.span()));
      LATFORMER_TRY(visit(i, row.span()));
    }
    return {};
  }

  static Status check_finite(const Weight& weight, std::span<const float> row) {
    if (std::ranges::all_of(row, [](float w) { return std::isfinite(w); })) return {};
    return bad_model("model.safetensors: tensor " + quote(weight.source->name) + " holds a number that is not finite");
  }

  Status find_scales(Weight& weight) {
    return for_each_row(weight, [&](uint64_t, std::span<const float> row) {
      if (group_ == 0) weight.scales.push_back(kernels::scale_of_row(row));
      for (size_t i = 0; group_ > 0 && i < row.size(); i += group_) {
        weight.scales.push_back(kernels::scale_of_group(row.subspan(i, group_)));
      }
      return Status();
    });
  }

  std::vector<Output> plan_outputs() {
    std::vector<Output> outputs;
    const auto add = [&](std::string name, DType dtype, std::vector<uint64_t> shape, Output::Kind kind,
                         Weight& weight) {
      outputs.push_back({.info = {.name = std::move(name), .dtype = dtype, .shape = std::move(shape)},
                         .kind = kind,
                         .weight = &weight});
    };
    for (Weight& weight : weights_) {
      const std::string name = model_.stored(model_.looked_up(weight.source->name));
      if (weight.quantised && group_ > 0) {
        add(name + "_packed", DType::i32, {weight.rows, (weight.columns + 7) / 8}, Output::Kind::integers, weight);
        add(name + "_scale", DType::f32, {weight.rows, weight.columns / group_}, Output::Kind::scales, weight);
        add(name + "_shape", DType::i64, {2}, Output::Kind::shape, weight);
      } else if (weight.quantised) {
        add(name, DType::i8, {weight.rows, weight.columns}, Output::Kind::integers, weight);
        add(name + "_scale", DType::f32, {weight.rows, 1}, Output::Kind::scales, weight);
      } else {
        add(name, DType::f32, weight.source->shape, Output::Kind::floats, weight);
      }
    }
    std::sort(outputs.begin(), outputs.end(), [](const Output& a, const Output& b) {
      const auto place = [](const Output& output) {
        const bool is_f32 = output.kind == Output::Kind::floats || output.kind == Output::Kind::scales;
        return std::pair(is_f32 ? Output::Kind::floats : output.kind, std::string_view(output.info.name));
      };
      return place(a) < place(b);
    });
    return outputs;
  }

  Status write_outputs() {
    const std::vector<Output> outputs = plan_outputs();
    std::vector<TensorInfo> tensors;
    tensors.reserve(outputs.size());
    for (const Output& output : outputs) tensors.push_back(output.info);
    const std::string head = make_safetensors_head(tensors);
    const auto head_bytes = std::as_bytes(std::span(head));
    LATFORMER_TRY(model_.check(head_bytes));
    LATFORMER_TRY(target_.write(head_bytes));

    report_.file_after = head.size();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const uint64_t bytes = tensors[i].end - tensors[i].begin;
      QuantizedPart& part = report_.parts[outputs[i].weight->part];
      part.bytes_after += bytes;
      report_.file_after += bytes;
      LATFORMER_TRY(write_output(outputs[i], part));
    }
    return target_.close();
  }

  Status write_output(const Output& output, QuantizedPart& part) {
    const Weight& weight = *output.weight;
    if (output.kind == Output::Kind::scales) return target_.write(bytes_of(weight.scales));
    if (output.kind == Output::Kind::shape) return target_.write(std::as_bytes(std::span(weight.shape)));
    part.bytes_before += weight.source->end - weight.source->begin;
    if (output.kind == Output::Kind::floats) {
      return for_each_row(weight,
                          [&](uint64_t, std::span<const float> row) { return target_.write(std::as_bytes(row)); });
    }
    double squares = 0, error_squares = 0;
    std::vector<int8_t> q(weight.columns);
    std::vector<uint8_t> packed(group_ > 0 ? (weight.columns + 7) / 8 * 4 : 0);
    const size_t of_row = group_ > 0 ? weight.columns / group_ : 1;
    LATFORMER_TRY(for_each_row(weight, [&](uint64_t index, std::span<const float> row) {
      const float* scales = weight.scales.data() + index * of_row;
      if (group_ == 0) kernels::quantize_row(row, *scales, q.data());
      for (size_t i = 0; i < row.size(); ++i) {
        const float scale = group_ > 0 ? scales[i / group_] : *scales;
        if (group_ > 0) q[i] = kernels::int4_of(row[i], scale);
        const double error = static_cast<double>(row[i]) - static_cast<double>(scale) * q[i];
        squares += static_cast<double>(row[i]) * row[i];
        error_squares += error * error;
      }
      if (group_ == 0) return target_.write(bytes_of(q));
      std::ranges::fill(packed, uint8_t{0x88});  // zeros, where the last word is not full
      for (size_t i = 0; i < row.size(); i += 2) packed[i / 2] = static_cast<uint8_t>((q[i] + 8) | (q[i + 1] + 8) << 4);
      return target_.write(bytes_of(packed));
    }));
    const double error = squares > 0 ? std::sqrt(error_squares / squares) : 0;
    if (error >= part.largest_error) {
      part.largest_error = error;
      part.worst_tensor = weight.source->name;
    }
    return {};
  }

  const Quantizable& model_;
  InputFile& source_;
  OutputFile& target_;
  size_t group_;  // of columns with one scale, of 4 bits each; 0: int8
  SafetensorsHeader header_;
  std::vector<Weight> weights_;
  std::vector<std::string> float_modules_;
  QuantizeReport report_;
};

// For 4 bits of every matrix: as large as fits them all, and small enough that one scale does for a group.
Result<size_t> group_for(const Quantizable& model) {
  size_t group = 64;
  const auto fits = [&](uint32_t columns) { return columns % group == 0; };
  while (group >= 2 && !std::ranges::all_of(model.columns, fits)) group /= 2;
  if (group >= 2) return group;
  std::string sizes;
  for (const uint32_t columns : model.columns) sizes += (sizes.empty() ? "" : ", ") + std::to_string(columns);
  return unsupported_model("config.json: 4 bits need even sizes, but its matrices have " + sizes + " columns");
}

std::string megabytes(uint64_t bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f MB", static_cast<double>(bytes) / 1e6);
  return text.data();
}

}  // namespace

Result<QuantizeReport> quantize_folder(const std::filesystem::path& source, const std::filesystem::path& target,
                                       const QuantizeOptions& options) {
  std::error_code ignored;
  if (std::filesystem::equivalent(source, target, ignored)) {
    return invalid_argument(target.string() + ": source and target are the same folder");
  }
  LATFORMER_ASSIGN(const std::string config_json, read_file(source / "config.json"));
  LATFORMER_ASSIGN(const Quantizable model, quantizable_of(config_json));
  if (model.is_quantized) return unsupported_model("config.json: the model is quantised already (quantization_config)");
  size_t group = 0;
  if (options.bits == 4) {
    LATFORMER_ASSIGN(group, group_for(model));
  }
  LATFORMER_ASSIGN(InputFile weights, InputFile::open(source / "model.safetensors"));

  LATFORMER_ASSIGN(StagedFolder folder, StagedFolder::create(target, options.force));
  LATFORMER_ASSIGN(OutputFile integers, OutputFile::create(folder.path() / "model.safetensors"));
  Quantizer quantizer(model, weights, integers, group);
  LATFORMER_ASSIGN(QuantizeReport report, quantizer.run());
  LATFORMER_ASSIGN(const std::string new_config, quantized_config(config_json, quantizer.float_modules(), group));
  LATFORMER_TRY(write_file(folder.path() / "config.json", new_config));
  const auto copy = [&](const auto& names) { return copy_if_there(names, source, folder.path()); };
  LATFORMER_TRY(copy(kTokenizerFiles));
  if (!is_file(source / "tokenizer.json")) LATFORMER_TRY(copy(kVocabularyFiles));  // of its two forms one is enough
  LATFORMER_TRY(copy(kGenerationFiles));
  LATFORMER_TRY(copy(kSentenceFiles));
  LATFORMER_TRY(copy("profile.json"));
  LATFORMER_TRY(copy(kLicenceFiles));
  LATFORMER_TRY(folder.publish());
  return report;
}

std::string to_text(const QuantizeReport& report) {
  std::string text;
  std::array<char, 160> line{};
  const auto add = [&](const char* name, const std::string& before, const std::string& after,
                       const std::string& error) {
    std::snprintf(line.data(), line.size(), "%-18s %10s  -> %10s  %s", name, before.c_str(), after.c_str(),
                  error.c_str());
    std::string_view trimmed = line.data();
    trimmed = trimmed.substr(0, trimmed.find_last_not_of(' ') + 1);
    text += std::string(trimmed) + "\n";
  };
  add("", "before", "after", "largest relative error");
  for (const QuantizedPart& part : report.parts) {
    std::array<char, 32> percent{};
    std::snprintf(percent.data(), percent.size(), "%.2f %%  ", 100 * part.largest_error);
    add(part.name.c_str(), megabytes(part.bytes_before), megabytes(part.bytes_after),
        part.worst_tensor.empty() ? "float" : percent.data() + part.worst_tensor);
  }
  add("model.safetensors", megabytes(report.file_before), megabytes(report.file_after), "");
  return text;
}

}  // namespace latformer
