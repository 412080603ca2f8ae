// Which stored tensors make up the float tensors of a model: names and number formats of model.safetensors.
//
// A weight is stored as floats (F32, F16, BF16), as int8 in the convention of compressed-tensors, with one
// scale per output channel (for an embedding: per row):
//
//   float W (out, in) of `<module>.weight`  =  weight (out, in) I8  *  weight_scale (out, 1) or (out), F32 | F16 | BF16
//
// or as 4 bits in the same convention, with a scale for each group of columns, an even number of them:
//
//   float W (out, in)  =  (4 bits of weight_packed - 8)  *  weight_scale (out, in / group), F32 | F16 | BF16
//   weight_packed (out, in / 8 rounded up) I32: column 8 j + i stands in bits 4 i to 4 i + 3 of word j
//
// A file may call its tensors otherwise than the model looks them up, by a prefix more or less, say: WeightRename
// tells.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/format/safetensors.h"

namespace latformer {

// The name that the file's tensor `stored` is looked up by.
using WeightRename = std::function<std::string(std::string_view stored)>;

// Where a float tensor's parts stand: indices into SafetensorsHeader::tensors. Any of them may come first in the file.
struct StoredWeight {
  size_t values = 0;
  DType dtype = DType::f32;           // of the values: f32, f16, bf16, i8, or i32 for 4 bits
  size_t group = 0;                   // exactly when dtype is i32: columns for each scale
  std::optional<size_t> scales;       // exactly when dtype is i8 or i32
  DType scale_dtype = DType::f32;     // f32, f16 or bf16
  std::optional<size_t> zero_points;  // of int8, seldom there; all its bytes must be zero, or the model is unsupported
};

// How many numbers a tensor of the file holds, and of what type; "I4" for 4 bits, of which eight share an I32.
struct StoredNumbers {
  std::string_view type;
  uint64_t count = 0;
};
StoredNumbers stored_numbers(const TensorInfo& tensor);

class WeightIndex {
 public:
  // Errors: bad_model if two tensors go by the same name.
  static Result<WeightIndex> create(const SafetensorsHeader& header, const WeightRename& rename);

  // Whether there is a tensor of this name, of whatever type.
  bool contains(std::string_view name) const {
    return by_name_.contains(name) || by_name_.contains(std::string(name) + "_packed");
  }

  // Whether tensor `name` is there as integers with scales.
  bool has_scales(std::string_view name) const { return by_name_.contains(std::string(name) + "_scale"); }

  // The parts of the float tensor `name`, which the configuration says has this shape. Errors: bad_model (it is
  // missing, has another shape, integers lack their scales), unsupported_model (numbers of a type that weights are not
  // read from).
  Result<StoredWeight> find(std::string_view name, std::span<const uint64_t> shape) const;

 private:
  Status find_scales(const TensorInfo& values, std::string_view name, std::span<const uint64_t> shape,
                     StoredWeight& weight) const;

  explicit WeightIndex(const std::vector<TensorInfo>* tensors) : tensors_(tensors) {}
  const std::vector<TensorInfo>* tensors_;  // those of the header, which must outlive this
  std::map<std::string, size_t, std::less<>> by_name_;
};

}  // namespace latformer
