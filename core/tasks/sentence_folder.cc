#include "core/tasks/sentence_folder.h"

#include <array>
#include <string_view>
#include <vector>

#include "core/format/json.h"
#include "core/format/quote.h"

namespace latformer {
namespace {

constexpr int64_t kMostTokens = 1 << 20;
constexpr int64_t kFewestTokens = 3;  // [CLS], [SEP] and one of the text

// The last part of a Python class's name: "Pooling" of "sentence_transformers.models.Pooling".
std::string_view class_of(std::string_view type) { return type.substr(type.rfind('.') + 1); }

Status parse_transformer(const ModelFiles& files, PoolingSettings& settings) {
  if (files.sentence_bert_config_json.empty()) return {};
  LATFORMER_ASSIGN(const JsonDocument document,
                   JsonDocument::parse("sentence_bert_config.json", files.sentence_bert_config_json));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());
  LATFORMER_ASSIGN(const bool lower_case, root["do_lower_case"].boolean_or(false));
  if (lower_case) return root["do_lower_case"].unsupported("is true: texts would have to be in lower case first");
  if (!root["max_seq_length"].given()) return {};
  LATFORMER_ASSIGN(const int64_t most, root["max_seq_length"].integer(kFewestTokens, kMostTokens));
  settings.max_tokens = static_cast<uint32_t>(most);
  return {};
}

Status parse_pooling(const BertConfig& config, const ModelFiles& files, bool has_prompts, PoolingSettings& settings) {
  constexpr std::string_view kFile = "1_Pooling/config.json";
  if (files.pooling_json.empty()) return bad_model(std::string(kFile) + " is missing");
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kFile, files.pooling_json));
  const JsonValue root = document.root();
  LATFORMER_ASSIGN(const JsonObject fields, root.object());
  int poolings = 0;
  constexpr std::string_view kMode = "pooling_mode_";
  for (const JsonMember field : fields) {
    if (!field.key.starts_with(kMode)) continue;
    LATFORMER_ASSIGN(const bool is_used, field.value.boolean());
    if (!is_used) continue;
    ++poolings;
    if (field.key == "pooling_mode_mean_tokens") {
      settings.pooling = Pooling::mean;
    } else if (field.key == "pooling_mode_cls_token") {
      settings.pooling = Pooling::cls;
    } else {
      return field.value.unsupported("is true; only pooling_mode_mean_tokens and pooling_mode_cls_token are supported");
    }
  }
  if (root["pooling_mode"].given()) {  // newer files name it
    LATFORMER_ASSIGN(const std::string_view name, root["pooling_mode"].string());
    if (name != "mean" && name != "cls") {
      return root["pooling_mode"].unsupported("is " + quote(name) + ", not \"mean\" or \"cls\"");
    }
    settings.pooling = name == "mean" ? Pooling::mean : Pooling::cls;
    poolings = 1;
  }
  if (poolings != 1) return root.unsupported("must ask for one pooling, not for " + std::to_string(poolings));
  const char* size = root["embedding_dimension"].given() ? "embedding_dimension" : "word_embedding_dimension";
  LATFORMER_ASSIGN(const int64_t dimension, root[size].integer_or(config.hidden_size, 1, kLargestSize));
  if (dimension != config.hidden_size) {
    return root[size].fault("is " + std::to_string(dimension) + ", but the model's hidden_size is " +
                            std::to_string(config.hidden_size));
  }
  LATFORMER_ASSIGN(const bool include_prompt, root["include_prompt"].boolean_or(true));
  if (!include_prompt && has_prompts) {
    return root["include_prompt"].unsupported("is false: prompts that do not count in the mean");
  }
  return {};
}

Result<std::optional<kernels::Activation::Kind>> parse_dense_activation(const JsonValue& value) {
  using Kind = kernels::Activation::Kind;
  LATFORMER_ASSIGN(const std::string_view type, value.string_or("torch.nn.modules.activation.Tanh"));
  const std::string_view name = class_of(type);
  if (name == "Identity") return std::optional<Kind>();
  if (name == "Tanh") return std::optional<Kind>(Kind::tanh);
  if (name == "ReLU") return std::optional<Kind>(Kind::relu);
  if (name == "GELU") return std::optional<Kind>(Kind::gelu);
  return value.unsupported("is " + quote(type) + ", not Tanh, Identity, ReLU or GELU");
}

Result<DenseSettings> parse_dense(const BertConfig& config, const ModelFiles& files) {
  constexpr std::string_view kFile = "2_Dense/config.json";
  if (files.dense_json.empty()) return bad_model(std::string(kFile) + " is missing");
  if (files.dense_weights.empty()) return bad_model("2_Dense/model.safetensors is missing");
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kFile, files.dense_json));
  const JsonValue root = document.root();
  LATFORMER_TRY(root["in_features"].integer(config.hidden_size, config.hidden_size).status());
  DenseSettings dense;
  LATFORMER_ASSIGN(const int64_t out, root["out_features"].integer(1, kLargestSize));
  dense.out = static_cast<size_t>(out);
  LATFORMER_ASSIGN(dense.has_bias, root["bias"].boolean_or(true));
  LATFORMER_ASSIGN(dense.activation, parse_dense_activation(root["activation_function"]));
  dense.weights = files.dense_weights;
  return dense;
}

Status parse_prompts(const ModelFiles& files, SentenceSettings& settings) {
  if (files.config_sentence_transformers_json.empty()) return {};
  LATFORMER_ASSIGN(const JsonDocument document,
                   JsonDocument::parse("config_sentence_transformers.json", files.config_sentence_transformers_json));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());
  if (root["prompts"].given()) {
    LATFORMER_ASSIGN(const JsonObject prompts, root["prompts"].object());
    for (const JsonMember prompt : prompts) {
      LATFORMER_ASSIGN(const std::string_view text, prompt.value.string());
      settings.prompts.emplace(prompt.key, text);
    }
  }
  const JsonValue by_default = root["default_prompt_name"];
  if (!by_default.given()) return {};
  LATFORMER_ASSIGN(const std::string_view name, by_default.string());
  if (!settings.prompts.contains(std::string(name))) return by_default.fault("names no prompt");
  settings.default_prompt = name;
  return {};
}

}  // namespace

Result<SentenceSettings> parse_sentence_folder(const BertConfig& config, const ModelFiles& files) {
  SentenceSettings settings;
  settings.dimensions = config.hidden_size;
  settings.is_plain = files.modules_json.empty();
  if (settings.is_plain) return settings;
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("modules.json", files.modules_json));
  LATFORMER_ASSIGN(const JsonArray modules, document.root().array());
  LATFORMER_TRY(parse_prompts(files, settings));

  // Each at most once and in this order; the first two are there.
  constexpr std::array<std::string_view, 4> kOrder = {"Transformer", "Pooling", "Dense", "Normalize"};
  constexpr std::array<std::string_view, 4> kPaths = {"", "1_Pooling", "2_Dense", ""};
  size_t next = 0;
  for (const JsonValue module : modules) {
    LATFORMER_ASSIGN(const std::string_view type, module["type"].string());
    LATFORMER_ASSIGN(const std::string_view path, module["path"].string());
    size_t kind = next;
    while (kind < kOrder.size() && class_of(type) != kOrder[kind]) ++kind;
    if (kind == kOrder.size() || (next < 2 && kind != next)) {
      return module["type"].unsupported(
          "is " + quote(type) + "; a Transformer, a Pooling, and then perhaps a Dense and a Normalize can be run");
    }
    if (kOrder[kind] != "Normalize" && path != kPaths[kind]) {
      return module["path"].unsupported("is " + quote(path) + ", not " + quote(kPaths[kind]));
    }
    next = kind + 1;
    if (kOrder[kind] == "Transformer") LATFORMER_TRY(parse_transformer(files, settings.pooling));
    if (kOrder[kind] == "Pooling") {
      LATFORMER_TRY(parse_pooling(config, files, !settings.prompts.empty(), settings.pooling));
    }
    if (kOrder[kind] == "Dense") {
      LATFORMER_ASSIGN(settings.pooling.dense, parse_dense(config, files));
      settings.dimensions = settings.pooling.dense->out;
    }
    settings.normalize = kOrder[kind] == "Normalize";
  }
  if (next < 2) return document.root().unsupported("has no Pooling: these are no embeddings of sentences");
  return settings;
}

}  // namespace latformer
