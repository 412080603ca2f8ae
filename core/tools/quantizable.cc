#include "core/tools/quantizable.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "core/format/json.h"
#include "core/format/labels.h"
#include "core/models/bert/classification_head.h"
#include "core/models/bert/config.h"
#include "core/models/bert/mask_head.h"
#include "core/models/bert/token_head.h"
#include "core/models/bert/weights.h"
#include "core/models/gpt2/loader.h"
#include "core/models/llama/loader.h"

namespace latformer {
namespace {

std::string without(std::string_view prefix, std::string_view name) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return std::string(name);
}

// "h.3.attn.c_attn.weight" below "h." -> "attn.c_attn.weight".
std::string_view inside_layer(std::string_view name, std::string_view layers) {
  if (!name.starts_with(layers)) return {};
  name.remove_prefix(layers.size());
  return name.substr(std::min(name.find('.') + 1, name.size()));
}

// The head that a file has: that of its class, or without one whichever there is. An encoder has none.
class HeadOfFile final : public Head {
 public:
  explicit HeadOfFile(const BertConfig& config) : config_(config) {}

  Last reads() const override { return Last::all_rows; }
  Status declare(WeightReader& file) override {
    LATFORMER_ASSIGN(head_, create(file));
    return head_ ? head_->declare(file) : Status();
  }
  Result<std::vector<std::vector<float>>> run(const Threads&, const LastRows&) override {
    return internal_error("the head of a file is only checked");
  }

 private:
  Result<std::unique_ptr<Head>> create(const WeightReader& file) const {
    const BertModules& modules = config_.architecture->modules;
    const auto has = [&](std::string_view module) { return file.contains(std::string(module) + ".weight"); };
    switch (config_.head) {
      case BertHead::texts:
        return ClassificationHead::create(config_);
      case BertHead::tokens:
        return TokenHead::of_labels(config_);
      case BertHead::answers:
        return TokenHead::of_answers(config_);
      case BertHead::none:
        break;
    }
    if (has(modules.classifier)) return ClassificationHead::create(config_);
    if (has(modules.mask_transform)) return MaskHead::create(config_, nullptr);
    return std::unique_ptr<Head>();
  }

  BertConfig config_;
  std::unique_ptr<Head> head_;
};

// Whether what is looked up as `name` belongs to the head of the model's class; without one, to any that a task may
// read.
bool is_of_head(const BertConfig& config, std::string_view name) {
  switch (config.head) {
    case BertHead::texts:
      return is_below(name, config.architecture->modules.classifier);
    case BertHead::tokens:
      return is_below(name, kTokenClassifier);
    case BertHead::answers:
      return is_below(name, kAnswerSpans);
    case BertHead::none:
      break;
  }
  return config.architecture->is_of_head(name);
}

Result<Quantizable> bert(std::string_view config_json) {
  LATFORMER_ASSIGN(const BertConfig config, parse_bert_config(config_json));
  const BertArchitecture* architecture = config.architecture;
  const BertModules& modules = architecture->modules;
  Quantizable model;
  model.parts = {"embeddings", "attention", "feed-forward", "pooler", "head"};
  model.looked_up = [architecture](std::string_view name) { return architecture->looked_up(name); };
  model.stored = [architecture](std::string_view name) { return architecture->stored(name); };
  model.part_of = [config, &modules](std::string_view name) -> size_t {
    if (name.starts_with("embeddings.") || is_below(name, modules.embeddings_project)) return 0;
    if (is_below(name, modules.relative_attention_bias)) return 1;
    if (name.starts_with(modules.layers)) {
      const std::string_view rest = inside_layer(name, modules.layers);
      return rest.starts_with("attention.") || rest.starts_with(modules.attention_norm) ? 1 : 2;
    }
    if (is_below(name, modules.pooler)) return 3;
    return is_of_head(config, name) ? 4 : 5;
  };
  model.is_transposed = [](std::string_view) { return false; };
  // The heads, the embedding of the first or second text, which is added to every word, and what attention's heads
  // think of distances.
  for (const std::string_view module : {modules.classifier, kTokenClassifier, kAnswerSpans, modules.mask_transform,
                                        modules.token_type_embeddings, modules.relative_attention_bias}) {
    if (!module.empty()) model.float_weights.push_back(architecture->stored(std::string(module) + ".weight"));
  }
  model.columns = {config.hidden_size, config.intermediate_size};
  if (config.projects_embeddings()) model.columns.push_back(config.embedding_size);
  model.is_quantized = config.quantized;
  model.check = [config](std::span<const std::byte> header) -> Status {
    return BertLoader(config, std::make_unique<HeadOfFile>(config)).append(header);
  };
  return model;
}

// What decoders have in common. names: how a layer's attention and feed-forward begin, norms included.
struct DecoderNames {
  std::string_view prefix, layers;
  std::array<std::string_view, 2> attention, feed_forward;
  std::array<std::string_view, 3> tables;  // and the norm behind the last layer
};

Quantizable decoder(const DecoderFacts& facts, const DecoderNames& names, bool is_quantized) {
  Quantizable model;
  model.parts = {"embeddings", "attention", "feed-forward", "head"};
  model.looked_up = [names](std::string_view name) { return without(names.prefix, name); };
  model.stored = [names](std::string_view name) {
    const bool is_head = name.starts_with("lm_head.") || name.starts_with("score.");
    return (is_head ? "" : std::string(names.prefix)) + std::string(name);
  };
  const bool is_classifier = facts.num_labels > 0;
  if (is_classifier) model.float_weights = {"score.weight"};
  model.part_of = [names, own_head = facts.head_apart, is_classifier](std::string_view name) -> size_t {
    const auto begins = [](std::string_view text) {
      return [text](std::string_view start) { return !start.empty() && text.starts_with(start); };
    };
    if (name.starts_with("lm_head.")) return own_head ? 3 : 4;
    if (name.starts_with("score.")) return is_classifier ? 3 : 4;
    if (std::ranges::any_of(names.tables, begins(name))) return 0;
    const std::string_view inside = inside_layer(name, names.layers);
    if (inside == "attn.bias" || inside == "attn.masked_bias") return 4;  // GPT-2's masks
    if (std::ranges::any_of(names.attention, begins(inside))) return 1;
    return std::ranges::any_of(names.feed_forward, begins(inside)) ? 2 : 4;
  };
  model.is_transposed = [](std::string_view name) { return name.find(".c_") != std::string_view::npos; };
  model.columns = {facts.hidden_size, facts.intermediate_size, facts.query_size()};
  model.is_quantized = is_quantized;
  return model;
}

// One that generates text, or a classifier.
Result<Gpt2Config> any_gpt2(std::string_view config_json) {
  const Result<Gpt2Config> generates = parse_gpt2_config(config_json);
  if (generates.ok()) return generates.value();
  Result<Gpt2Config> classifies = parse_gpt2_config(config_json, Gpt2Use::classification);
  if (!classifies.ok()) return generates.status();
  LATFORMER_ASSIGN(const JsonDocument document,
                   JsonDocument::parse("config.json", config_json, {.max_bytes = 16 << 20}));
  LATFORMER_ASSIGN(const std::vector<std::string> labels, parse_labels(document.root()));
  classifies->num_labels = static_cast<uint32_t>(labels.size());
  return classifies;
}

Result<Quantizable> gpt2(std::string_view config_json) {
  LATFORMER_ASSIGN(const Gpt2Config config, any_gpt2(config_json));
  Quantizable model = decoder(config.facts(),
                              {.prefix = "transformer.",
                               .layers = "h.",
                               .attention = {"attn.", "ln_1."},
                               .feed_forward = {"mlp.", "ln_2."},
                               .tables = {"wte.", "wpe.", "ln_f."}},
                              config.quantized);
  model.check = [config](std::span<const std::byte> header) { return Gpt2Loader(config, {}).append(header); };
  return model;
}

Result<Quantizable> llama(std::string_view config_json) {
  LATFORMER_ASSIGN(const LlamaConfig config, parse_llama_config(config_json));
  Quantizable model = decoder(config.facts(),
                              {.prefix = "model.",
                               .layers = "layers.",
                               .attention = {"self_attn.", "input_layernorm."},
                               .feed_forward = {"mlp.", "post_attention_layernorm."},
                               .tables = {"embed_tokens.", "norm.", {}}},
                              config.quantized);
  model.check = [config](std::span<const std::byte> header) { return LlamaLoader(config, {}).append(header); };
  return model;
}

}  // namespace

Result<Quantizable> quantizable_of(std::string_view config_json) {
  LATFORMER_ASSIGN(const JsonDocument document,
                   JsonDocument::parse("config.json", config_json, {.max_bytes = 16 << 20}));
  const Result<std::string_view> type = document.root()["model_type"].string();
  if (type.ok() && *type == "gpt2") return gpt2(config_json);
  if (type.ok() && *type == "llama") return llama(config_json);
  return bert(config_json);
}

}  // namespace latformer
