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
  const bool of_head = name.starts_with(std::string(modules.classifier) + ".");
  return (of_head ? "" : std::string(modules.prefix)) + std::string(name);
}

}  // namespace latformer
