#include "core/models/bert/config.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/format/json.h"
#include "core/format/quantization.h"
#include "core/format/quote.h"
#include "core/models/bert/relative_attention.h"

namespace latformer {
namespace {

Result<const BertArchitecture*> find_architecture(const JsonValue& model_type) {
  LATFORMER_ASSIGN(const std::string_view name, model_type.string());
  if (const BertArchitecture* found = find_bert_architecture(name)) return found;
  std::string known;
  for (const BertArchitecture& architecture : bert_architectures()) {
    known += (known.empty() ? "" : ", ") + quote(architecture.model_type);
  }
  return model_type.unsupported("is " + quote(name) + ", not " + known);
}

// BertForTokenClassification, say.
std::optional<BertHead> head_of(std::string_view name, const BertArchitecture& architecture) {
  if (name == architecture.classifier) return BertHead::texts;
  if (std::ranges::find(architecture.encoders, name) != architecture.encoders.end()) return BertHead::none;
  const std::string_view family = architecture.classifier.substr(0, architecture.classifier.find("For"));
  if (!name.starts_with(family)) return {};
  name.remove_prefix(family.size());
  if (name == "ForTokenClassification") return BertHead::tokens;
  if (name == "ForQuestionAnswering") return BertHead::answers;
  return {};
}

// The head of the first class, none without any.
Result<BertHead> parse_classes(const JsonValue& architectures, const BertArchitecture& architecture) {
  BertHead first = BertHead::none;
  if (!architectures.given()) return first;
  LATFORMER_ASSIGN(const JsonArray names, architectures.array());
  bool is_first = true;
  for (const JsonValue name : names) {
    LATFORMER_ASSIGN(const std::string_view text, name.string());
    const std::optional<BertHead> head = head_of(text, architecture);
    if (!head) return name.unsupported("is " + quote(text) + ", not " + quote(architecture.classifier));
    if (std::exchange(is_first, false)) first = *head;
  }
  return first;
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

// ALBERT may have groups of layers, each with weights of its own; no model that is in use has more than one.
Status check_shares_all_layers(const JsonValue& root) {
  for (const char* key : {"num_hidden_groups", "inner_group_num"}) {
    LATFORMER_ASSIGN(const int64_t count, root[key].integer_or(1, 1, kMostLayers));
    if (count != 1) return root[key].unsupported("is " + std::to_string(count) + ", not 1");
  }
  return {};
}

// Where positions begin, by the architecture and pad_token_id.
Status parse_positions(const JsonValue& root, BertConfig& config) {
  LATFORMER_TRY(parse_size(root, "max_position_embeddings", kLargestSize, config.max_position_embeddings));
  if (config.architecture->positions == Positions::from_zero) return {};
  int64_t padding = 1;
  if (config.architecture->positions == Positions::behind_padding) {
    LATFORMER_ASSIGN(padding, root["pad_token_id"].integer_or(padding, 0, kLargestSize));
  }
  config.padding_id = static_cast<int32_t>(padding);
  config.first_position = static_cast<uint32_t>(padding) + 1;
  if (config.first_position < config.max_position_embeddings) return {};
  return root["max_position_embeddings"].fault("is " + std::to_string(config.max_position_embeddings) + ", of which " +
                                               std::to_string(config.first_position) + " are for padding");
}

// As transformers has it, buckets are those of 32, however many the table has.
Status parse_relative_buckets(const JsonValue& value, BertConfig& config) {
  LATFORMER_ASSIGN(const int64_t buckets, value.integer_or(kRelativeBuckets, 1, kLargestSize));
  if (buckets < kRelativeBuckets) return value.fault("must be at least " + std::to_string(kRelativeBuckets));
  config.relative_buckets = static_cast<uint32_t>(buckets);
  return {};
}

}  // namespace

Result<BertConfig> parse_bert_config(std::string_view json) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("config.json", json, {.max_bytes = 16 << 20}));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());

  BertConfig config;
  LATFORMER_ASSIGN(config.architecture, find_architecture(root["model_type"]));
  LATFORMER_ASSIGN(config.head, parse_classes(root["architectures"], *config.architecture));
  LATFORMER_TRY(check_has_no_variations(root));
  if (config.shares_layers()) LATFORMER_TRY(check_shares_all_layers(root));

  const BertFields& fields = config.architecture->fields;
  LATFORMER_TRY(parse_size(root, "vocab_size", kLargestSize, config.vocab_size));
  LATFORMER_TRY(parse_size(root, fields.hidden_size, "hidden_size", kLargestSize, config.hidden_size));
  LATFORMER_TRY(parse_size(root, fields.num_hidden_layers, "num_hidden_layers", kMostLayers, config.num_hidden_layers));
  LATFORMER_TRY(
      parse_size(root, fields.num_attention_heads, "num_attention_heads", kLargestSize, config.num_attention_heads));
  LATFORMER_TRY(parse_size(root, fields.intermediate_size, kLargestSize, config.intermediate_size));
  LATFORMER_TRY(parse_positions(root, config));
  config.embedding_size = config.hidden_size;
  if (!fields.embedding_size.empty()) {
    constexpr uint32_t kDefault = 128;
    config.embedding_size = kDefault;
    if (root[fields.embedding_size].given()) {
      LATFORMER_TRY(parse_size(root, fields.embedding_size, kLargestSize, config.embedding_size));
    }
  }
  if (!fields.relative_attention_num_buckets.empty()) {
    LATFORMER_TRY(parse_relative_buckets(root[fields.relative_attention_num_buckets], config));
  }
  if (fields.type_vocab_size.empty()) {
    config.type_vocab_size = 0;
  } else if (root[fields.type_vocab_size].given()) {
    LATFORMER_TRY(parse_size(root, fields.type_vocab_size, kLargestSize, config.type_vocab_size));
  }
  if (config.hidden_size % config.num_attention_heads != 0) {
    return root[fields.hidden_size].fault("is " + std::to_string(config.hidden_size) + ", not a multiple of the " +
                                          std::to_string(config.num_attention_heads) + " attention heads");
  }
  LATFORMER_ASSIGN(config.hidden_act, parse_activation(root[fields.hidden_act], config.architecture->hidden_act));
  if (!fields.layer_norm_eps.empty()) {
    LATFORMER_ASSIGN(config.layer_norm_eps, parse_norm_epsilon(root[fields.layer_norm_eps], config.layer_norm_eps));
  }
  LATFORMER_ASSIGN(config.labels, parse_labels(root));
  LATFORMER_ASSIGN(config.problem_type, parse_problem_type(root, config.num_labels()));
  LATFORMER_ASSIGN(config.quantized, parse_quantization(root));
  return config;
}

Status check_head(const BertConfig& config, BertHead read) {
  if (config.head == BertHead::none || config.head == read) return {};
  std::string_view task = "question-answering";
  if (config.head == BertHead::texts) task = "text-classification";
  if (config.head == BertHead::tokens) task = "token-classification";
  return unsupported_model("config.json: architectures[0] has a head for another task: " + quote(task));
}

}  // namespace latformer
