// Small BERTs of random weights, made in memory: as plain values for a reference to compute with, and as the bytes of
// model.safetensors (and config.json) for the loader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/format/safetensors.h"
#include "core/models/bert/config.h"

namespace latformer::testing {

struct NamedTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<uint64_t> shape;
  std::vector<double> values;    // what the stored bytes mean, scales not applied
  std::vector<std::byte> bytes;  // little-endian
};

struct BertShape {
  uint32_t layers = 2;
  uint32_t heads = 2;
  uint32_t head_size = 8;
  uint32_t intermediate_size = 48;
  uint32_t vocab_size = 64;
  uint32_t positions = 96;
  uint32_t types = 2;
  uint32_t labels = 2;
  HiddenActivation hidden_act = HiddenActivation::gelu;
};

BertConfig config_of(const BertShape& shape);
std::string config_json(const BertConfig& config);

// `values` rounded to `dtype` (f32, f16, bf16; or i8, whose values are whole numbers in -127 .. 127).
NamedTensor make_tensor(std::string name, DType dtype, std::vector<uint64_t> shape, const std::vector<double>& values);

// All tensors of a BertForSequenceClassification, in the order of the model. With i8, matrices have a weight_scale
// tensor behind them and vectors are f32.
std::vector<NamedTensor> random_bert(const BertConfig& config, uint32_t seed, DType dtype = DType::f32);

// Appends what the layers but the last were taught to score by.
void add_scorers(const BertConfig& config, uint32_t seed, std::vector<NamedTensor>& tensors);

// The file: a header for `tensors` and their bytes in the given order.
std::vector<std::byte> safetensors_of(const std::vector<NamedTensor>& tensors);

// The tensor called `name`, which is there.
NamedTensor& find(std::vector<NamedTensor>& tensors, const std::string& name);

}  // namespace latformer::testing
