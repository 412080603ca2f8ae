// Small BERTs of random weights, and their config.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/models/bert/config.h"
#include "tests/unit/support/random_tensors.h"

namespace latformer::testing {

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

// All tensors of a BertForSequenceClassification, in the order of the model.
std::vector<NamedTensor> random_bert(const BertConfig& config, uint32_t seed, DType dtype = DType::f32);

// Appends what the layers but the last were taught to score by.
void add_scorers(const BertConfig& config, uint32_t seed, std::vector<NamedTensor>& tensors);

}  // namespace latformer::testing
