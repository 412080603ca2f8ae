#include "core/models/bert/architectures.h"

#include <algorithm>

namespace latformer {
namespace {

using Kind = kernels::Activation::Kind;

constexpr BertFields kBertFields = {.hidden_size = "hidden_size",
                                    .num_hidden_layers = "num_hidden_layers",
                                    .num_attention_heads = "num_attention_heads",
                                    .intermediate_size = "intermediate_size",
                                    .hidden_act = "hidden_act",
                                    .layer_norm_eps = "layer_norm_eps",
                                    .type_vocab_size = "type_vocab_size"};

constexpr BertModules kBertModules = {.prefix = "bert.",
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
                                      .classifier = "classifier",
                                      .mask_transform = "cls.predictions.transform.dense",
                                      .mask_norm = "cls.predictions.transform.LayerNorm",
                                      .mask_bias = "cls.predictions.bias"};

// BERT's modules below another prefix, and both linear layers of the head outside of the encoder.
constexpr BertModules with_head(std::string_view prefix) {
  BertModules modules = kBertModules;
  modules.prefix = prefix;
  modules.pooler = "classifier.dense";
  modules.prefixes_pooler = false;
  modules.classifier = "classifier.out_proj";
  modules.mask_transform = "lm_head.dense";
  modules.mask_norm = "lm_head.layer_norm";
  modules.mask_bias = "lm_head.bias";
  return modules;
}

// RoBERTa, and what differs from it in its tokenizer alone.
constexpr BertArchitecture roberta(std::string_view model_type, std::string_view classifier,
                                   std::array<std::string_view, 3> encoders, std::string_view tokenizer) {
  return {.model_type = model_type,
          .classifier = classifier,
          .encoders = encoders,
          .tokenizer = tokenizer,
          .positions = Positions::behind_padding,
          .pooler_activation = Kind::tanh,
          .mask_activation = Kind::gelu,
          .fields = kBertFields,
          .modules = with_head("roberta.")};
}

// Embeddings that may be narrower than what the layers work on.
constexpr BertArchitecture electra() {
  BertArchitecture row = {.model_type = "electra",
                          .classifier = "ElectraForSequenceClassification",
                          .encoders = {"ElectraModel", "ElectraForPreTraining", "ElectraForMaskedLM"},
                          .tokenizer = "BertTokenizer",
                          .positions = Positions::from_zero,
                          .pooler_activation = Kind::gelu,
                          .mask_activation = Kind::gelu,
                          .fields = kBertFields,
                          .modules = with_head("electra.")};
  row.fields.embedding_size = "embedding_size";
  row.modules.embeddings_project = "embeddings_project";
  row.modules.mask_transform = "generator_predictions.dense";
  row.modules.mask_norm = "generator_predictions.LayerNorm";
  row.modules.mask_bias = "generator_lm_head.bias";
  return row;
}

// No token types; attention that looks at distances, by one table for all layers (relative_attention.h).
constexpr BertArchitecture mpnet() {
  BertArchitecture row = {.model_type = "mpnet",
                          .classifier = "MPNetForSequenceClassification",
                          .encoders = {"MPNetModel", "MPNetForMaskedLM"},
                          .tokenizer = "MPNetTokenizer",
                          .positions = Positions::behind_padding_1,
                          .pooler_activation = Kind::tanh,
                          .mask_activation = Kind::gelu,
                          .fields = kBertFields,
                          .modules = with_head("mpnet.")};
  row.fields.type_vocab_size = {};
  row.fields.relative_attention_num_buckets = "relative_attention_num_buckets";
  row.modules.token_type_embeddings = {};
  row.modules.relative_attention_bias = "encoder.relative_attention_bias";
  row.modules.query = "attention.attn.q";
  row.modules.key = "attention.attn.k";
  row.modules.value = "attention.attn.v";
  row.modules.attention_output = "attention.attn.o";
  row.modules.attention_norm = "attention.LayerNorm";
  return row;
}

// One layer, which the text goes through again and again, and embeddings that are always brought to its width.
constexpr BertArchitecture albert() {
  BertArchitecture row = {.model_type = "albert",
                          .classifier = "AlbertForSequenceClassification",
                          .encoders = {"AlbertModel", "AlbertForPreTraining", "AlbertForMaskedLM"},
                          .tokenizer = "AlbertTokenizer",
                          .positions = Positions::from_zero,
                          .pooler_activation = Kind::tanh,
                          .hidden_act = "gelu_new",
                          .fields = kBertFields,
                          .modules = kBertModules};
  row.fields.embedding_size = "embedding_size";
  row.modules.prefix = "albert.";
  row.modules.embeddings_project = "encoder.embedding_hidden_mapping_in";
  row.modules.always_projects = true;
  row.modules.layers = "encoder.albert_layer_groups.0.albert_layers.";
  row.modules.shares_layers = true;
  row.modules.query = "attention.query";
  row.modules.key = "attention.key";
  row.modules.value = "attention.value";
  row.modules.attention_output = "attention.dense";
  row.modules.attention_norm = "attention.LayerNorm";
  row.modules.intermediate = "ffn";
  row.modules.output = "ffn_output";
  row.modules.output_norm = "full_layer_layer_norm";
  row.modules.pooler = "pooler";
  row.modules.mask_transform = "predictions.dense";
  row.modules.mask_norm = "predictions.LayerNorm";
  row.modules.mask_bias = "predictions.bias";
  return row;
}

constexpr std::array kArchitectures = {
    BertArchitecture{
        .model_type = "bert",
        .classifier = "BertForSequenceClassification",
        .encoders = {"BertModel", "BertForPreTraining", "BertForMaskedLM"},
        .tokenizer = "BertTokenizer",
        .positions = Positions::from_zero,
        .pooler_activation = Kind::tanh,
        .fields = kBertFields,
        .modules = kBertModules,
    },
    // No token types; positions, learned or sines, are a tensor of the file; an epsilon that is no setting.
    BertArchitecture{
        .model_type = "distilbert",
        .classifier = "DistilBertForSequenceClassification",
        .encoders = {"DistilBertModel", "DistilBertForMaskedLM"},
        .tokenizer = "BertTokenizer",
        .positions = Positions::from_zero,
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
                    .classifier = "classifier",
                    .mask_transform = "vocab_transform",
                    .mask_norm = "vocab_layer_norm",
                    .mask_bias = "vocab_projector.bias"},
    },
    roberta("roberta", "RobertaForSequenceClassification", {"RobertaModel", "RobertaForMaskedLM"}, "RobertaTokenizer"),
    roberta("xlm-roberta", "XLMRobertaForSequenceClassification", {"XLMRobertaModel", "XLMRobertaForMaskedLM"},
            "XLMRobertaTokenizer"),
    roberta("camembert", "CamembertForSequenceClassification", {"CamembertModel", "CamembertForMaskedLM"},
            "CamembertTokenizer"),
    electra(),
    mpnet(),
    albert(),
};

}  // namespace

bool is_below(std::string_view name, std::string_view module) {
  return !module.empty() && name.starts_with(std::string(module) + ".");
}

std::span<const BertArchitecture> bert_architectures() { return kArchitectures; }

const BertArchitecture* find_bert_architecture(std::string_view model_type) {
  for (const BertArchitecture& architecture : kArchitectures) {
    if (architecture.model_type == model_type) return &architecture;
  }
  return nullptr;
}

std::string BertArchitecture::looked_up(std::string_view stored) const {
  if (stored.starts_with(modules.prefix)) stored.remove_prefix(modules.prefix.size());
  std::string name(stored);
  if (name.ends_with("LayerNorm.gamma")) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with("LayerNorm.beta")) name.replace(name.size() - 4, 4, "bias");
  return name;
}

std::string BertArchitecture::stored(std::string_view name) const {
  return (is_of_head(name) ? "" : std::string(modules.prefix)) + std::string(name);
}

bool BertArchitecture::is_of_head(std::string_view name) const {
  if (is_below(name, modules.pooler)) return !modules.prefixes_pooler;
  const std::array heads = {modules.classifier, kTokenClassifier, kAnswerSpans, modules.mask_transform,
                            modules.mask_norm};
  return name == modules.mask_bias ||
         std::ranges::any_of(heads, [&](std::string_view module) { return is_below(name, module); });
}

}  // namespace latformer
