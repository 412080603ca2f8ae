#include "core/models/bert/config.h"

#include <algorithm>
#include <array>

#include "core/format/json.h"
#include "core/format/quantization.h"
#include "core/format/quote.h"

namespace latformer {
namespace {

Result<const BertArchitecture*> find_architecture(const JsonValue& model_type) {
  LATFORMER_ASSIGN(const std::string_view name, model_type.string());
  std::string known;
  for (const BertArchitecture& architecture : bert_architectures()) {
    if (architecture.model_type == name) return &architecture;
    known += (known.empty() ? "" : ", ") + quote(architecture.model_type);
  }
  return model_type.unsupported("is " + quote(name) + ", not " + known);
}

Status check_classes(const JsonValue& architectures, const BertArchitecture& architecture) {
  if (!architectures.given()) return {};
  LATFORMER_ASSIGN(const JsonArray names, architectures.array());
  for (const JsonValue name : names) {
    LATFORMER_ASSIGN(const std::string_view text, name.string());
    if (text == architecture.classifier ||
        std::ranges::find(architecture.encoders, text) != architecture.encoders.end())
      continue;
    return name.unsupported("is " + quote(text) + ", not " + quote(architecture.classifier));
  }
  return {};
}

// What would make the arithmetic another one than BERT's.
Status check_has_no_variations(const JsonValue& root) {
  const JsonValue positions = root["position_embedding_type"];
  LATFORMER_ASSIGN(const std::string_view kind, positions.string_or("absolute"));
  if (kind != "absolute") return positions.unsupported("is " + quote(kind) + ", not \"absolute\"");
  for (const char* flag : {"is_decoder", "add_cross_attention", "is_encoder_decoder"}) {
    LATFORMER_ASSIGN(const bool is_set, root[flag].boolean_or(false));
    if (is_set) return root[flag].unsupported("is true: this is no encoder");
  }
  return check_is_plain(root);
}

}  // namespace

Result<BertConfig> parse_bert_config(std::string_view json) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("config.json", json, {.max_bytes = 16 << 20}));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());

  BertConfig config;
  LATFORMER_ASSIGN(config.architecture, find_architecture(root["model_type"]));
  LATFORMER_TRY(check_classes(root["architectures"], *config.architecture));
  LATFORMER_TRY(check_has_no_variations(root));

  const BertFields& fields = config.architecture->fields;
  LATFORMER_TRY(parse_size(root, "vocab_size", kLargestSize, config.vocab_size));
  LATFORMER_TRY(parse_size(root, fields.hidden_size, "hidden_size", kLargestSize, config.hidden_size));
  LATFORMER_TRY(parse_size(root, fields.num_hidden_layers, "num_hidden_layers", kMostLayers, config.num_hidden_layers));
  LATFORMER_TRY(
      parse_size(root, fields.num_attention_heads, "num_attention_heads", kLargestSize, config.num_attention_heads));
  LATFORMER_TRY(parse_size(root, fields.intermediate_size, kLargestSize, config.intermediate_size));
  LATFORMER_TRY(parse_size(root, "max_position_embeddings", kLargestSize, config.max_position_embeddings));
  if (fields.type_vocab_size.empty()) {
    config.type_vocab_size = 0;
  } else if (root[fields.type_vocab_size].given()) {
    LATFORMER_TRY(parse_size(root, fields.type_vocab_size, kLargestSize, config.type_vocab_size));
  }
  if (config.hidden_size % config.num_attention_heads != 0) {
    return root[fields.hidden_size].fault("is " + std::to_string(config.hidden_size) + ", not a multiple of the " +
                                          std::to_string(config.num_attention_heads) + " attention heads");
  }
  LATFORMER_ASSIGN(config.hidden_act, parse_activation(root[fields.hidden_act], "gelu"));
  if (!fields.layer_norm_eps.empty()) {
    LATFORMER_ASSIGN(config.layer_norm_eps, parse_norm_epsilon(root[fields.layer_norm_eps], config.layer_norm_eps));
  }
  LATFORMER_ASSIGN(config.labels, parse_labels(root));
  LATFORMER_ASSIGN(config.problem_type, parse_problem_type(root, config.num_labels()));
  LATFORMER_ASSIGN(config.quantized, parse_quantization(root));
  return config;
}

}  // namespace latformer
