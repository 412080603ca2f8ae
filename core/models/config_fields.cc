#include "core/models/config_fields.h"

#include <array>
#include <limits>

#include "core/format/quote.h"

namespace latformer {

Status parse_size(const JsonValue& config, std::string_view key, int64_t most, uint32_t& size) {
  LATFORMER_ASSIGN(const int64_t number, config[key].integer(1, most));
  size = static_cast<uint32_t>(number);
  return {};
}

Status parse_size(const JsonValue& config, std::string_view key, std::string_view other_key, int64_t most,
                  uint32_t& size) {
  const JsonValue other = config[other_key];
  if (key == other_key || !other.given()) return parse_size(config, key, most, size);
  LATFORMER_TRY(parse_size(config, other_key, most, size));
  if (!config[key].given()) return {};
  const uint32_t same = size;
  LATFORMER_TRY(parse_size(config, key, most, size));
  return size == same ? Status() : other.fault("contradicts " + std::string(key) + ", another name for the same");
}

Result<HiddenActivation> parse_activation(const JsonValue& value, std::string_view otherwise) {
  struct Row {
    std::string_view name;
    HiddenActivation activation;
  };
  // As in transformers/activations.py; names of one kind differ there in how the same formula is written.
  constexpr std::array<Row, 9> kActivations = {{
      {"gelu", HiddenActivation::gelu},
      {"gelu_python", HiddenActivation::gelu},
      {"gelu_new", HiddenActivation::gelu_tanh},
      {"gelu_pytorch_tanh", HiddenActivation::gelu_tanh},
      {"gelu_python_tanh", HiddenActivation::gelu_tanh},
      {"gelu_fast", HiddenActivation::gelu_tanh},
      {"gelu_accurate", HiddenActivation::gelu_tanh},
      {"relu", HiddenActivation::relu},
      {"tanh", HiddenActivation::tanh},
  }};
  LATFORMER_ASSIGN(const std::string_view name, value.string_or(otherwise));
  for (const Row& row : kActivations) {
    if (row.name == name) return row.activation;
  }
  return value.unsupported("is " + quote(name) +
                           ", not \"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\", \"relu\" or \"tanh\"");
}

Result<float> parse_norm_epsilon(const JsonValue& value, double otherwise) {
  LATFORMER_ASSIGN(const double epsilon, value.number_or(otherwise));
  constexpr double kSmallest = std::numeric_limits<float>::min();
  if (!(epsilon >= kSmallest && epsilon <= 1)) return value.fault("must be above 0 and at most 1");
  return static_cast<float>(epsilon);
}

Status check_is_plain(const JsonValue& config) {
  const JsonValue pruned = config["pruned_heads"];
  if (pruned.given()) {
    LATFORMER_ASSIGN(const JsonObject layers, pruned.object());
    if (layers.size() > 0) return pruned.unsupported("is not empty: attention heads are missing");
  }
  const JsonValue layers = config["per_layer_config"];
  if (layers.given()) {
    LATFORMER_ASSIGN(const JsonObject settings, layers.object());
    if (settings.size() > 0) return layers.unsupported("is not empty: layers are not all alike");
  }
  const JsonValue own_code = config["auto_map"];
  if (own_code.given()) {
    LATFORMER_ASSIGN(const JsonObject classes, own_code.object());
    for (const JsonMember member : classes) {
      if (member.key.starts_with("AutoModel")) return own_code.unsupported("names Python code that the model needs");
    }
  }
  return {};
}

}  // namespace latformer
