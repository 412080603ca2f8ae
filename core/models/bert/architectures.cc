#include "core/models/bert/architectures.h"

namespace latformer {
namespace {

using Kind = kernels::Activation::Kind;

constexpr std::array kArchitectures = {
    BertArchitecture{
        .model_type = "bert",
        .classifier = "BertForSequenceClassification",
        .encoders = {"BertModel", "BertForPreTraining", "BertForMaskedLM"},
        .pooler_activation = Kind::tanh,
        .fields = {.hidden_size = "hidden_size",
                   .num_hidden_layers = "num_hidden_layers",
                   .num_attention_heads = "num_attention_heads",
                   .intermediate_size = "intermediate_size",
                   .hidden_act = "hidden_act",
                   .layer_norm_eps = "layer_norm_eps",
                   .type_vocab_size = "type_vocab_size"},
        .modules = {.prefix = "bert.",
                    .word_embeddings = "embeddings.word_embeddings",
                    .position_embeddings = "embeddings.position_embeddings",
                    .token_type_embeddings = "embeddings.token_type_embeddings",
                    .embeddings_norm = "embeddings.LayerNorm",
                    .layers = "encoder.layer.",
                    .query = "attention.self.query",
                    .key = "attention.self.key",
                    .value = "attention.self.value",
                    .scorer = "attention.scorer",
                    .attention_output = "attention.output.dense",
                    .attention_norm = "attention.output.LayerNorm",
                    .intermediate = "intermediate.dense",
                    .output = "output.dense",
                    .output_norm = "output.LayerNorm",
                    .pooler = "pooler.dense",
                    .classifier = "classifier"},
    },
    // No token types; positions, learned or sines, are a tensor of the file; an epsilon that is no setting.
    BertArchitecture{
        .model_type = "distilbert",
        .classifier = "DistilBertForSequenceClassification",
        .encoders = {"DistilBertModel", "DistilBertForMaskedLM"},
        .pooler_activation = Kind::relu,
        .fields = {.hidden_size = "dim",
                   .num_hidden_layers = "n_layers",
                   .num_attention_heads = "n_heads",
                   .intermediate_size = "hidden_dim",
                   .hidden_act = "activation",
                   .layer_norm_eps = {},
                   .type_vocab_size = {}},
        .modules = {.prefix = "distilbert.",
                    .word_embeddings = "embeddings.word_embeddings",
                    .position_embeddings = "embeddings.position_embeddings",
                    .token_type_embeddings = {},
                    .embeddings_norm = "embeddings.LayerNorm",
                    .layers = "transformer.layer.",
                    .query = "attention.q_lin",
                    .key = "attention.k_lin",
                    .value = "attention.v_lin",
                    .scorer = "attention.scorer",
                    .attention_output = "attention.out_lin",
                    .attention_norm = "sa_layer_norm",
                    .intermediate = "ffn.lin1",
                    .output = "ffn.lin2",
                    .output_norm = "output_layer_norm",
                    .pooler = "pre_classifier",
                    .prefixes_pooler = false,
                    .classifier = "classifier"},
    },
};

}  // namespace

std::span<const BertArchitecture> bert_architectures() { return kArchitectures; }

std::string BertArchitecture::looked_up(std::string_view stored) const {
  if (stored.starts_with(modules.prefix)) stored.remove_prefix(modules.prefix.size());
  std::string name(stored);
  if (name.ends_with("LayerNorm.gamma")) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with("LayerNorm.beta")) name.replace(name.size() - 4, 4, "bias");
  return name;
}

std::string BertArchitecture::stored(std::string_view name) const {
  const auto is_of = [&](std::string_view module) { return name.starts_with(std::string(module) + "."); };
  const bool is_bare = is_of(modules.classifier) || (is_of(modules.pooler) && !modules.prefixes_pooler);
  return (is_bare ? "" : std::string(modules.prefix)) + std::string(name);
}

}  // namespace latformer
