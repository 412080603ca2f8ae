// Values at random as tensors, made in memory: as plain values for a reference to compute with, and as the bytes of
// model.safetensors for a loader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/format/safetensors.h"

namespace latformer::testing {

struct NamedTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<uint64_t> shape;
  std::vector<double> values;    // what the stored bytes mean, scales not applied
  std::vector<std::byte> bytes;  // little-endian
};

// `values` rounded to `dtype` (f32, f16, bf16; or i8, whose values are whole numbers in -127 .. 127).
NamedTensor make_tensor(std::string name, DType dtype, std::vector<uint64_t> shape, const std::vector<double>& values);

// Tensors of a model, in order. With i8, matrices have a weight_scale tensor behind them and vectors are f32.
class TensorMaker {
 public:
  TensorMaker(uint32_t seed, DType dtype) : random_(seed), dtype_(dtype) {}

  void matrix(const std::string& name, uint64_t rows, uint64_t columns, double deviation);
  void vector(const std::string& name, uint64_t size, double mean, double deviation);
  // weight and bias of a LayerNorm, and of a product.
  void norm(const std::string& name, uint64_t size);
  void linear(const std::string& name, uint64_t out, uint64_t in, double gain = 1);

  std::vector<NamedTensor> take() { return std::move(tensors_); }

 private:
  std::vector<double> normal(uint64_t count, double mean, double deviation);
  void add(const std::string& name, DType dtype, std::vector<uint64_t> shape, const std::vector<double>& values);

  std::mt19937 random_;
  DType dtype_;
  std::vector<NamedTensor> tensors_;
};

// The file: a header for `tensors` and their bytes in the given order.
std::vector<std::byte> safetensors_of(const std::vector<NamedTensor>& tensors);

// The tensor called `name`, which is there.
NamedTensor& find(std::vector<NamedTensor>& tensors, const std::string& name);

}  // namespace latformer::testing
