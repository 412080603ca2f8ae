#include "tests/unit/support/random_bert.h"

#include <cmath>

namespace latformer::testing {

BertConfig config_of(const BertShape& shape) {
  BertConfig config;
  config.vocab_size = shape.vocab_size;
  config.hidden_size = shape.heads * shape.head_size;
  config.embedding_size = config.hidden_size;
  config.num_hidden_layers = shape.layers;
  config.num_attention_heads = shape.heads;
  config.intermediate_size = shape.intermediate_size;
  config.max_position_embeddings = shape.positions;
  config.type_vocab_size = shape.types;
  config.hidden_act = shape.hidden_act;
  config.problem_type = shape.labels == 1 ? ProblemType::regression : ProblemType::single_label;
  for (uint32_t i = 0; i < shape.labels; ++i) config.labels.push_back("LABEL_" + std::to_string(i));
  return config;
}

std::string config_json(const BertConfig& config) {
  const char* act = config.hidden_act == HiddenActivation::gelu        ? "gelu"
                    : config.hidden_act == HiddenActivation::gelu_tanh ? "gelu_new"
                                                                       : "relu";
  const char* problem = config.problem_type == ProblemType::regression    ? "regression"
                        : config.problem_type == ProblemType::multi_label ? "multi_label_classification"
                                                                          : "single_label_classification";
  std::string labels;
  for (uint32_t i = 0; i < config.num_labels(); ++i) {
    labels += (i > 0 ? ", \"" : "\"") + std::to_string(i) + "\": \"" + config.labels[i] + "\"";
  }
  const auto field = [](const char* name, uint32_t value) {
    return "\"" + std::string(name) + "\": " + std::to_string(value) + ", ";
  };
  return "{\"model_type\": \"bert\", \"architectures\": [\"BertForSequenceClassification\"], " +
         field("vocab_size", config.vocab_size) + field("hidden_size", config.hidden_size) +
         field("num_hidden_layers", config.num_hidden_layers) +
         field("num_attention_heads", config.num_attention_heads) +
         field("intermediate_size", config.intermediate_size) +
         field("max_position_embeddings", config.max_position_embeddings) +
         field("type_vocab_size", config.type_vocab_size) + "\"layer_norm_eps\": 1e-12, \"hidden_act\": \"" + act +
         "\", \"problem_type\": \"" + problem + "\", \"id2label\": {" + labels + "}}";
}

std::vector<NamedTensor> random_bert(const BertConfig& config, uint32_t seed, DType dtype) {
  TensorMaker maker(seed, dtype);
  const uint64_t d = config.hidden_size;
  maker.matrix("bert.embeddings.word_embeddings.weight", config.vocab_size, d, 1);
  maker.matrix("bert.embeddings.position_embeddings.weight", config.max_position_embeddings, d, 0.5);
  maker.matrix("bert.embeddings.token_type_embeddings.weight", config.type_vocab_size, d, 0.5);
  maker.norm("bert.embeddings.LayerNorm", d);
  for (uint32_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string layer = "bert.encoder.layer." + std::to_string(i) + ".";
    maker.linear(layer + "attention.self.query", d, d, 1.5);  // makes attention choosy
    maker.linear(layer + "attention.self.key", d, d, 1.5);
    maker.linear(layer + "attention.self.value", d, d);
    maker.linear(layer + "attention.output.dense", d, d);
    maker.norm(layer + "attention.output.LayerNorm", d);
    maker.linear(layer + "intermediate.dense", config.intermediate_size, d);
    maker.linear(layer + "output.dense", d, config.intermediate_size);
    maker.norm(layer + "output.LayerNorm", d);
  }
  maker.linear("bert.pooler.dense", d, d);
  maker.linear("classifier", config.num_labels(), d);
  return maker.take();
}

void add_scorers(const BertConfig& config, uint32_t seed, std::vector<NamedTensor>& tensors) {
  TensorMaker maker(seed, DType::f32);
  for (uint32_t i = 0; i + 1 < config.num_hidden_layers; ++i) {
    maker.vector("bert.encoder.layer." + std::to_string(i) + ".attention.scorer.weight", config.hidden_size, 0,
                 1.5 / std::sqrt(static_cast<double>(config.hidden_size)));
  }
  for (NamedTensor& tensor : maker.take()) tensors.push_back(std::move(tensor));
}

}  // namespace latformer::testing
