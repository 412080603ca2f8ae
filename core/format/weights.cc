#include "core/format/weights.h"

#include <algorithm>

#include "core/format/quote.h"

namespace latformer {
namespace {

Status complaint(ErrorCode code, std::string_view tensor, std::string_view text) {
  return {code, "model.safetensors: tensor " + quote(tensor) + " " + std::string(text)};
}

std::string text_of(std::span<const uint64_t> shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

bool is_float(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f64;
}

// (channels) or (channels, 1)
bool is_per_channel(const TensorInfo& tensor, uint64_t channels) {
  const std::vector<uint64_t>& shape = tensor.shape;
  return !shape.empty() && shape[0] == channels && (shape.size() == 1 || (shape.size() == 2 && shape[1] == 1));
}

// Columns for each scale of (rows, columns), an even number; 0 if these are no such scales.
uint64_t group_of(const TensorInfo& scales, uint64_t rows, uint64_t columns) {
  if (scales.shape.size() != 2 || scales.shape[0] != rows) return 0;
  const uint64_t groups = scales.shape[1];
  const bool fits = groups > 0 && columns % groups == 0 && columns / groups % 2 == 0;
  return fits ? columns / groups : 0;
}

}  // namespace

StoredNumbers stored_numbers(const TensorInfo& tensor) {
  const bool is_packed = tensor.dtype == DType::i32 && tensor.name.ends_with("_packed");
  if (is_packed) return {.type = "I4", .count = 8 * tensor.elements()};
  return {.type = name_of(tensor.dtype), .count = tensor.elements()};
}

Result<WeightIndex> WeightIndex::create(const SafetensorsHeader& header, const WeightRename& rename) {
  const bool wrapped = !header.tensors.empty() && std::ranges::all_of(header.tensors, [](const TensorInfo& tensor) {
    return tensor.name.starts_with("module.");
  });
  if (wrapped) {
    return bad_model(
        "model.safetensors: the names of its tensors begin with \"module.\", as DataParallel's do; save model.module "
        "with save_pretrained(folder)");
  }
  WeightIndex index(&header.tensors);
  for (size_t i = 0; i < header.tensors.size(); ++i) {
    const auto [place, is_new] = index.by_name_.emplace(rename(header.tensors[i].name), i);
    if (!is_new) {
      return complaint(ErrorCode::bad_model, header.tensors[i].name,
                       "and " + quote(header.tensors[place->second].name) + " are two names of the same tensor");
    }
  }
  return index;
}

Result<StoredWeight> WeightIndex::find(std::string_view name, std::span<const uint64_t> shape) const {
  auto place = by_name_.find(name);
  std::vector<uint64_t> stored(shape.begin(), shape.end());
  const bool is_packed = place == by_name_.end() && shape.size() == 2 && contains(name);
  if (is_packed) {
    place = by_name_.find(std::string(name) + "_packed");
    stored[1] = (shape[1] + 7) / 8;
  }
  if (place == by_name_.end()) {
    return complaint(ErrorCode::bad_model, name, "is missing; config.json asks for shape " + text_of(shape));
  }
  const TensorInfo& values = (*tensors_)[place->second];
  if (values.shape != stored) {
    return complaint(ErrorCode::bad_model, values.name,
                     "has shape " + text_of(values.shape) + " where config.json asks for " + text_of(stored));
  }
  StoredWeight weight;
  weight.values = place->second;
  weight.dtype = values.dtype;
  if (is_float(values.dtype) && !is_packed) return weight;
  if (values.dtype != (is_packed ? DType::i32 : DType::i8)) {
    return complaint(ErrorCode::unsupported_model, values.name,
                     "is stored as " + std::string(name_of(values.dtype)) +
                         (is_packed ? ", not as I32" : ", not as F64, F32, F16, BF16 or I8"));
  }
  LATFORMER_TRY(find_scales(values, name, shape, weight));
  const auto zero_place = by_name_.find(std::string(name) + "_zero_point");
  if (zero_place == by_name_.end()) return weight;
  const TensorInfo& scales = (*tensors_)[*weight.scales];
  const TensorInfo& zero_points = (*tensors_)[zero_place->second];
  if (zero_points.elements() != scales.elements()) {
    return complaint(ErrorCode::unsupported_model, zero_points.name,
                     "has shape " + text_of(zero_points.shape) + " where the scales have " + text_of(scales.shape));
  }
  weight.zero_points = zero_place->second;
  return weight;
}

// Of int8 and of 4 bits.
Status WeightIndex::find_scales(const TensorInfo& values, std::string_view name, std::span<const uint64_t> shape,
                                StoredWeight& weight) const {
  const bool is_packed = values.dtype == DType::i32;
  const auto place = by_name_.find(std::string(name) + "_scale");
  if (place == by_name_.end()) {
    const std::string_view packed = is_packed ? "_packed" : "";
    const std::string module_weight = values.name.substr(0, values.name.size() - packed.size());
    return complaint(ErrorCode::bad_model, values.name,
                     std::string(is_packed ? "is 4-bit" : "is int8") + " but has no scales (" +
                         quote(module_weight + "_scale") + ")");
  }
  const TensorInfo& scales = (*tensors_)[place->second];
  if (!is_float(scales.dtype)) {
    return complaint(ErrorCode::unsupported_model, scales.name,
                     "is stored as " + std::string(name_of(scales.dtype)) + ", not as F64, F32, F16 or BF16");
  }
  weight.scales = place->second;
  weight.scale_dtype = scales.dtype;
  const uint64_t channels = shape.empty() ? 0 : shape[0];
  if (is_packed) {
    weight.group = static_cast<size_t>(group_of(scales, channels, shape[1]));
    if (weight.group > 0) return {};
    return complaint(
        ErrorCode::unsupported_model, scales.name,
        "has shape " + text_of(scales.shape) + ", not one scale for each group of an even number of columns");
  }
  if (is_per_channel(scales, channels)) return {};
  const bool coarser_or_finer = scales.elements() == 1 || (!scales.shape.empty() && scales.shape[0] == channels);
  return complaint(coarser_or_finer ? ErrorCode::unsupported_model : ErrorCode::bad_model, scales.name,
                   "has shape " + text_of(scales.shape) + " where one scale per channel is " +
                       text_of(std::vector<uint64_t>{channels, 1}));
}

}  // namespace latformer
