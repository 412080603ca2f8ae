#include "core/format/config.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "core/format/json.h"
#include "core/format/quote.h"

namespace latformer {
namespace {

// Far above any model there is, low enough that no product of two of them leaves 64 bits.
constexpr int64_t kLargestSize = 1 << 24;
constexpr int64_t kMostLayers = 1 << 10;
constexpr int64_t kMostLabels = 1 << 16;

Status unsupported(const JsonValue& value, std::string_view why) {
  return value.fault(why, ErrorCode::unsupported_model);
}

Status parse_size(const JsonValue& root, std::string_view key, int64_t most, uint32_t& size) {
  LATFORMER_ASSIGN(const int64_t number, root[key].integer(1, most));
  size = static_cast<uint32_t>(number);
  return {};
}

Status check_is_bert(const JsonValue& root, std::string& architecture) {
  constexpr std::array<std::string_view, 4> kKnown = {"BertForSequenceClassification", "BertModel",
                                                      "BertForPreTraining", "BertForMaskedLM"};
  LATFORMER_ASSIGN(const std::string_view model_type, root["model_type"].string());
  if (model_type != "bert") return unsupported(root["model_type"], "is " + quote(model_type) + ", not \"bert\"");

  const JsonValue architectures = root["architectures"];
  if (!architectures.given()) return {};
  LATFORMER_ASSIGN(const JsonArray names, architectures.array());
  for (const JsonValue name : names) {
    LATFORMER_ASSIGN(const std::string_view text, name.string());
    if (std::find(kKnown.begin(), kKnown.end(), text) == kKnown.end()) {
      return unsupported(name, "is " + quote(text) + ", not \"BertForSequenceClassification\"");
    }
    if (architecture.empty()) architecture = text;
  }
  return {};
}

// What would make the arithmetic another one than BERT's.
Status check_has_no_variations(const JsonValue& root) {
  const JsonValue positions = root["position_embedding_type"];
  LATFORMER_ASSIGN(const std::string_view kind, positions.string_or("absolute"));
  if (kind != "absolute") return unsupported(positions, "is " + quote(kind) + ", not \"absolute\"");
  for (const char* flag : {"is_decoder", "add_cross_attention", "is_encoder_decoder"}) {
    LATFORMER_ASSIGN(const bool is_set, root[flag].boolean_or(false));
    if (is_set) return unsupported(root[flag], "is true: this is no encoder");
  }
  const JsonValue pruned = root["pruned_heads"];
  if (pruned.given()) {
    LATFORMER_ASSIGN(const JsonObject layers, pruned.object());
    if (layers.size() > 0) return unsupported(pruned, "is not empty: attention heads are missing");
  }
  const JsonValue own_code = root["auto_map"];
  if (own_code.given()) {
    LATFORMER_ASSIGN(const JsonObject classes, own_code.object());
    for (const JsonMember member : classes) {
      if (member.key.starts_with("AutoModel")) return unsupported(own_code, "names Python code that the model needs");
    }
  }
  return {};
}

Status parse_activation(const JsonValue& root, HiddenActivation& activation) {
  struct Row {
    std::string_view name;
    HiddenActivation activation;
  };
  // As in transformers/activations.py; names of one kind differ there in how the same formula is written.
  constexpr std::array<Row, 8> kActivations = {{
      {"gelu", HiddenActivation::gelu},
      {"gelu_python", HiddenActivation::gelu},
      {"gelu_new", HiddenActivation::gelu_tanh},
      {"gelu_pytorch_tanh", HiddenActivation::gelu_tanh},
      {"gelu_python_tanh", HiddenActivation::gelu_tanh},
      {"gelu_fast", HiddenActivation::gelu_tanh},
      {"gelu_accurate", HiddenActivation::gelu_tanh},
      {"relu", HiddenActivation::relu},
  }};
  const JsonValue value = root["hidden_act"];
  LATFORMER_ASSIGN(const std::string_view name, value.string_or("gelu"));
  for (const Row& row : kActivations) {
    if (row.name == name) {
      activation = row.activation;
      return {};
    }
  }
  return unsupported(value, "is " + quote(name) + ", not \"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\" or \"relu\"");
}

// 0, 1, ... without sign or leading zeros.
std::optional<uint32_t> parse_id(std::string_view text) {
  if (text.empty() || text.size() > 9 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint32_t id = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    id = 10 * id + static_cast<uint32_t>(c - '0');
  }
  return id;
}

// Collects names under ids that must turn out to be 0 .. count - 1, each once.
class LabelTable {
 public:
  LabelTable(const JsonValue& source, size_t count) : source_(source), labels_(count), seen_(count, false) {}

  Status add(uint32_t id, std::string_view label) {
    if (id >= labels_.size()) return source_.fault("leaves out ids between 0 and " + std::to_string(id));
    if (seen_[id]) return source_.fault("has the id " + std::to_string(id) + " twice");
    labels_[id] = label;
    seen_[id] = true;
    return {};
  }
  std::vector<std::string> take() { return std::move(labels_); }

 private:
  const JsonValue source_;
  std::vector<std::string> labels_;
  std::vector<bool> seen_;
};

Result<std::vector<std::string>> parse_labels(const JsonValue& root) {
  const JsonValue num_labels = root["num_labels"];
  LATFORMER_ASSIGN(const int64_t count, num_labels.integer_or(0, 1, kMostLabels));
  const bool by_id = root["id2label"].given();
  const JsonValue source = by_id ? root["id2label"] : root["label2id"];

  if (!source.given()) {
    std::vector<std::string> labels(count > 0 ? static_cast<size_t>(count) : 2);
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = "LABEL_" + std::to_string(i);
    return labels;
  }
  LATFORMER_ASSIGN(const JsonObject members, source.object());
  if (members.size() == 0) return source.fault("is empty");
  if (members.size() > kMostLabels) return source.fault("has more than " + std::to_string(kMostLabels) + " labels");
  if (count > 0 && members.size() != static_cast<size_t>(count)) {
    return source.fault("has " + std::to_string(members.size()) + " labels, but num_labels is " +
                        std::to_string(count));
  }
  LabelTable table(source, members.size());
  for (const JsonMember member : members) {
    if (by_id) {
      const std::optional<uint32_t> id = parse_id(member.key);
      if (!id) return source.fault("has the key " + quote(member.key) + ", which is no id");
      LATFORMER_ASSIGN(const std::string_view label, member.value.string());
      LATFORMER_TRY(table.add(*id, label));
    } else {
      LATFORMER_ASSIGN(const int64_t id, member.value.integer(0, kMostLabels));
      LATFORMER_TRY(table.add(static_cast<uint32_t>(id), member.key));
    }
  }
  return table.take();
}

Status parse_problem_type(const JsonValue& root, BertConfig& config) {
  const JsonValue value = root["problem_type"];
  if (!value.given()) {
    config.problem_type = config.num_labels() == 1 ? ProblemType::multi_label : ProblemType::single_label;
    return {};
  }
  LATFORMER_ASSIGN(const std::string_view name, value.string());
  if (name == "single_label_classification") {
    config.problem_type = ProblemType::single_label;
    if (config.num_labels() == 1) return value.fault("is \"single_label_classification\", but there is one label only");
  } else if (name == "multi_label_classification") {
    config.problem_type = ProblemType::multi_label;
  } else if (name == "regression") {
    config.problem_type = ProblemType::regression;
  } else {
    return unsupported(value,
                       "is " + quote(name) +
                           ", not \"single_label_classification\", \"multi_label_classification\" or \"regression\"");
  }
  return {};
}

// How one group's weights are stored: int8 with one scale per output channel, or 4 bits packed with one per group of
// columns; zero stays zero.
Status check_weight_scheme(const JsonValue& weights, bool packed) {
  LATFORMER_TRY(weights.object().status());
  LATFORMER_ASSIGN(const int64_t bits, weights["num_bits"].integer_or(8, 1, 64));
  LATFORMER_ASSIGN(const std::string_view type, weights["type"].string_or("int"));
  LATFORMER_ASSIGN(const std::string_view strategy, weights["strategy"].string_or("tensor"));
  LATFORMER_ASSIGN(const bool symmetric, weights["symmetric"].boolean_or(true));
  LATFORMER_ASSIGN(const bool dynamic, weights["dynamic"].boolean_or(false));
  const bool known =
      packed ? bits == 4 && (strategy == "group" || strategy == "channel") : bits == 8 && strategy == "channel";
  if (!known || type != "int" || !symmetric || dynamic) {
    return unsupported(weights, packed ? "are not 4-bit integers, one scale per group, symmetric, static"
                                       : "are not int8, one scale per channel, symmetric, static");
  }
  return {};
}

constexpr std::string_view kPackedFormat = "pack-quantized";
constexpr const char* kNoFormat = ", not \"int-quantized\" or \"pack-quantized\"";

bool is_known_format(std::string_view format) {
  return format == "int-quantized" || format == "naive-quantized" || format == kPackedFormat;
}

// compressed-tensors' QuantizationConfig.
Status check_quantization(const JsonValue& settings) {
  LATFORMER_ASSIGN(const std::string_view method, settings["quant_method"].string());
  if (method != "compressed-tensors") {
    return unsupported(settings["quant_method"], "is " + quote(method) + ", not \"compressed-tensors\"");
  }
  const JsonValue format = settings["format"];
  LATFORMER_ASSIGN(const std::string_view format_name, format.string());
  if (!is_known_format(format_name)) return unsupported(format, "is " + quote(format_name) + kNoFormat);
  const JsonValue state = settings["quantization_status"];
  LATFORMER_ASSIGN(const std::string_view state_name, state.string_or("compressed"));
  if (state_name != "compressed" && state_name != "frozen")
    return unsupported(state, "is " + quote(state_name) + ", not \"compressed\"");
  if (settings["kv_cache_scheme"].given()) return unsupported(settings["kv_cache_scheme"], "is for generators");
  for (const char* more : {"sparsity_config", "transform_config"}) {
    if (!settings[more].given()) continue;
    LATFORMER_ASSIGN(const JsonObject fields, settings[more].object());
    if (fields.size() > 0) return unsupported(settings[more], "is not empty");
  }

  LATFORMER_ASSIGN(const JsonObject groups, settings["config_groups"].object());
  for (const JsonMember group : groups) {
    LATFORMER_ASSIGN(const std::string_view group_format, group.value["format"].string_or(format_name));
    if (!is_known_format(group_format)) {
      return unsupported(group.value["format"], "is " + quote(group_format) + kNoFormat);
    }
    for (const char* side : {"input_activations", "output_activations"}) {
      if (group.value[side].given()) return unsupported(group.value[side], "are quantised");
    }
    LATFORMER_TRY(check_weight_scheme(group.value["weights"], group_format == kPackedFormat));
  }
  return {};
}

}  // namespace

Result<BertConfig> parse_bert_config(std::string_view json) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("config.json", json, {.max_bytes = 16 << 20}));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());

  BertConfig config;
  LATFORMER_TRY(check_is_bert(root, config.architecture));
  LATFORMER_TRY(check_has_no_variations(root));

  LATFORMER_TRY(parse_size(root, "vocab_size", kLargestSize, config.vocab_size));
  LATFORMER_TRY(parse_size(root, "hidden_size", kLargestSize, config.hidden_size));
  LATFORMER_TRY(parse_size(root, "num_hidden_layers", kMostLayers, config.num_hidden_layers));
  LATFORMER_TRY(parse_size(root, "num_attention_heads", kLargestSize, config.num_attention_heads));
  LATFORMER_TRY(parse_size(root, "intermediate_size", kLargestSize, config.intermediate_size));
  LATFORMER_TRY(parse_size(root, "max_position_embeddings", kLargestSize, config.max_position_embeddings));
  if (root["type_vocab_size"].given()) {
    LATFORMER_TRY(parse_size(root, "type_vocab_size", kLargestSize, config.type_vocab_size));
  }
  if (config.hidden_size % config.num_attention_heads != 0) {
    return root["hidden_size"].fault("is " + std::to_string(config.hidden_size) + ", not a multiple of the " +
                                     std::to_string(config.num_attention_heads) + " attention heads");
  }
  LATFORMER_TRY(parse_activation(root, config.hidden_act));

  const JsonValue epsilon = root["layer_norm_eps"];
  LATFORMER_ASSIGN(const double eps, epsilon.number_or(1e-12));
  constexpr double kSmallest = std::numeric_limits<float>::min();
  if (!(eps >= kSmallest && eps <= 1)) return epsilon.fault("must be above 0 and at most 1");
  config.layer_norm_eps = static_cast<float>(eps);

  LATFORMER_ASSIGN(config.labels, parse_labels(root));
  LATFORMER_TRY(parse_problem_type(root, config));

  if (root["quantization_config"].given()) {
    LATFORMER_TRY(check_quantization(root["quantization_config"]));
    config.quantized = true;
  }
  return config;
}

}  // namespace latformer
