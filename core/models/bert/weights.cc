#include "core/models/bert/weights.h"

#include <cmath>
#include <string>

#include "core/models/bert/architectures.h"

namespace latformer {
namespace {

std::string weight_of(std::string_view module) { return std::string(module) + ".weight"; }

}  // namespace

BertLoader::BertLoader(const BertConfig& config, std::unique_ptr<Head> head, std::optional<Precision> precision)
    : config_(config), reader_(config.architecture->rename(), precision, [this](WeightReader&) { return declare(); }) {
  weights_.head = std::move(head);
}

Result<BertWeights> BertLoader::finish() {
  LATFORMER_TRY(reader_.finish());
  return std::move(weights_);
}

Status BertLoader::declare() {
  const BertModules& names = config_.architecture->modules;
  const size_t e = config_.embedding_size;
  LATFORMER_TRY(weights_.head->declare(reader_));
  const auto embedding = [&](std::string_view name, size_t rows, StoredMatrix* matrix) {
    return reader_.embedding(weight_of(name), rows, e, matrix);
  };
  LATFORMER_TRY(embedding(names.word_embeddings, config_.vocab_size, &weights_.word_embeddings));
  LATFORMER_TRY(embedding(names.position_embeddings, config_.max_position_embeddings, &weights_.position_embeddings));
  if (config_.type_vocab_size > 0) {
    LATFORMER_TRY(embedding(names.token_type_embeddings, config_.type_vocab_size, &weights_.token_type_embeddings));
  }
  LATFORMER_TRY(reader_.norm(std::string(names.embeddings_norm), e, &weights_.embeddings_norm));
  if (config_.projects_embeddings()) {
    LATFORMER_TRY(reader_.linear({{.name = std::string(names.embeddings_project), .out = config_.hidden_size}}, e,
                                 reader_.precision(), &weights_.embeddings_project));
  }
  if (config_.relative_buckets > 0) {
    LATFORMER_TRY(reader_.matrix(weight_of(names.relative_attention_bias), config_.relative_buckets,
                                 config_.num_attention_heads, &weights_.relative_attention_bias));
  }
  weights_.layers.resize(config_.shares_layers() ? 1
                                                 : config_.num_hidden_layers);  // they stay where they are from now on
  for (size_t i = 0; i < weights_.layers.size(); ++i) LATFORMER_TRY(declare_layer(i));
  return {};
}

Status BertLoader::declare_layer(size_t index) {
  const BertModules& names = config_.architecture->modules;
  const std::string layer = config_.architecture->layer(index);
  BertLayerWeights& weights = weights_.layers[index];
  const size_t d = config_.hidden_size;
  const size_t d_ff = config_.intermediate_size;
  const auto part = [&](std::string_view name, size_t out, float factor = 1) {
    return LinearPart{.name = layer + std::string(name), .out = out, .factor = factor};
  };
  const auto linear = [&](std::vector<LinearPart> parts, size_t in, kernels::Linear* product) {
    return reader_.linear(std::move(parts), in, reader_.precision(), product);
  };
  const auto norm = [&](std::string_view name, LayerNormWeights* target) {
    return reader_.norm(layer + std::string(name), d, target);
  };

  const std::string scorer = layer + weight_of(names.scorer);
  if (reader_.contains(scorer)) LATFORMER_TRY(reader_.vector(scorer, d, &weights.scorer));

  const LinearPart query = part(names.query, d, 1 / std::sqrt(static_cast<float>(config_.head_size())));
  const LinearPart key = part(names.key, d);
  const LinearPart value = part(names.value, d);
  const bool is_last = !config_.shares_layers() && index + 1 == config_.num_hidden_layers;
  const bool is_cut = is_last && weights_.head->reads() == Last::one_row;
  if (!is_cut) {
    LATFORMER_TRY(linear({query, key, value}, d, &weights.query_key_value));
  } else {
    LATFORMER_TRY(linear({query}, d, &weights.query));
    LATFORMER_TRY(linear({key, value}, d, &weights.key_value));
  }
  LATFORMER_TRY(linear({part(names.attention_output, d)}, d, &weights.attention_output));
  LATFORMER_TRY(norm(names.attention_norm, &weights.attention_norm));
  LATFORMER_TRY(linear({part(names.intermediate, d_ff)}, d, &weights.intermediate));
  LATFORMER_TRY(linear({part(names.output, d)}, d_ff, &weights.output));
  return norm(names.output_norm, &weights.output_norm);
}

}  // namespace latformer
