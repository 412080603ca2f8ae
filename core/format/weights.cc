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

bool is_float(DType dtype) { return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16; }

// (channels) or (channels, 1)
bool is_per_channel(const TensorInfo& tensor, uint64_t channels) {
  const std::vector<uint64_t>& shape = tensor.shape;
  return !shape.empty() && shape[0] == channels && (shape.size() == 1 || (shape.size() == 2 && shape[1] == 1));
}

}  // namespace

std::string weight_name(std::string_view stored) {
  if (stored.starts_with("bert.")) stored.remove_prefix(5);
  std::string name(stored);
  if (name.ends_with("LayerNorm.gamma")) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with("LayerNorm.beta")) name.replace(name.size() - 4, 4, "bias");
  return name;
}

Result<WeightIndex> WeightIndex::create(const SafetensorsHeader& header) {
  WeightIndex index(&header.tensors);
  for (size_t i = 0; i < header.tensors.size(); ++i) {
    const auto [place, is_new] = index.by_name_.emplace(weight_name(header.tensors[i].name), i);
    if (!is_new) {
      return complaint(ErrorCode::bad_model, header.tensors[i].name,
                       "and " + quote(header.tensors[place->second].name) + " are two names of the same tensor");
    }
  }
  return index;
}

Result<StoredWeight> WeightIndex::find(std::string_view name, std::span<const uint64_t> shape) const {
  const auto place = by_name_.find(name);
  if (place == by_name_.end()) {
    return complaint(ErrorCode::bad_model, name, "is missing; config.json asks for shape " + text_of(shape));
  }
  const TensorInfo& values = (*tensors_)[place->second];
  if (!std::equal(shape.begin(), shape.end(), values.shape.begin(), values.shape.end())) {
    return complaint(ErrorCode::bad_model, values.name,
                     "has shape " + text_of(values.shape) + " where config.json asks for " + text_of(shape));
  }
  StoredWeight weight;
  weight.values = place->second;
  weight.dtype = values.dtype;
  if (is_float(values.dtype)) return weight;
  if (values.dtype != DType::i8) {
    return complaint(ErrorCode::unsupported_model, values.name,
                     "is stored as " + std::string(name_of(values.dtype)) + ", not as F32, F16, BF16 or I8");
  }

  const auto scale_place = by_name_.find(std::string(name) + "_scale");
  if (scale_place == by_name_.end()) {
    return complaint(ErrorCode::bad_model, values.name,
                     "is int8 but has no scales (" + quote(values.name + "_scale") + ")");
  }
  const TensorInfo& scales = (*tensors_)[scale_place->second];
  if (!is_float(scales.dtype)) {
    return complaint(ErrorCode::unsupported_model, scales.name,
                     "is stored as " + std::string(name_of(scales.dtype)) + ", not as F32, F16 or BF16");
  }
  const uint64_t channels = shape.empty() ? 0 : shape[0];
  if (!is_per_channel(scales, channels)) {
    const bool coarser_or_finer = scales.elements() == 1 || (!scales.shape.empty() && scales.shape[0] == channels);
    return complaint(coarser_or_finer ? ErrorCode::unsupported_model : ErrorCode::bad_model, scales.name,
                     "has shape " + text_of(scales.shape) + " where one scale per channel is " +
                         text_of(std::vector<uint64_t>{channels, 1}));
  }
  weight.scales = scale_place->second;
  weight.scale_dtype = scales.dtype;
  const auto zero_place = by_name_.find(std::string(name) + "_zero_point");
  if (zero_place != by_name_.end()) weight.zero_points = zero_place->second;
  return weight;
}

}  // namespace latformer
