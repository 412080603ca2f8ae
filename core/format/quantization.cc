#include "core/format/quantization.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "core/format/quote.h"

namespace latformer {
namespace {

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
    return weights.unsupported(packed ? "are not 4-bit integers, one scale per group, symmetric, static"
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
Status check_scheme(const JsonValue& settings) {
  LATFORMER_ASSIGN(const std::string_view method, settings["quant_method"].string());
  if (method != "compressed-tensors") {
    return settings["quant_method"].unsupported("is " + quote(method) + ", not \"compressed-tensors\"");
  }
  const JsonValue format = settings["format"];
  LATFORMER_ASSIGN(const std::string_view format_name, format.string());
  if (!is_known_format(format_name)) return format.unsupported("is " + quote(format_name) + kNoFormat);
  const JsonValue state = settings["quantization_status"];
  LATFORMER_ASSIGN(const std::string_view state_name, state.string_or("compressed"));
  if (state_name != "compressed" && state_name != "frozen")
    return state.unsupported("is " + quote(state_name) + ", not \"compressed\"");
  if (settings["kv_cache_scheme"].given()) return settings["kv_cache_scheme"].unsupported("is for generators");
  for (const char* more : {"sparsity_config", "transform_config"}) {
    if (!settings[more].given()) continue;
    LATFORMER_ASSIGN(const JsonObject fields, settings[more].object());
    if (fields.size() > 0) return settings[more].unsupported("is not empty");
  }

  LATFORMER_ASSIGN(const JsonObject groups, settings["config_groups"].object());
  for (const JsonMember group : groups) {
    LATFORMER_ASSIGN(const std::string_view group_format, group.value["format"].string_or(format_name));
    if (!is_known_format(group_format)) {
      return group.value["format"].unsupported("is " + quote(group_format) + kNoFormat);
    }
    for (const char* side : {"input_activations", "output_activations"}) {
      if (group.value[side].given()) return group.value[side].unsupported("are quantised");
    }
    LATFORMER_TRY(check_weight_scheme(group.value["weights"], group_format == kPackedFormat));
  }
  return {};
}

}  // namespace

Result<bool> parse_quantization(const JsonValue& config) {
  const JsonValue settings = config["quantization_config"];
  if (!settings.given()) return false;
  LATFORMER_TRY(check_scheme(settings));
  return true;
}

}  // namespace latformer
