#include "core/models/decoders.h"

#include "core/format/json.h"
#include "core/format/quote.h"
#include "core/models/gpt2/loader.h"
#include "core/models/llama/loader.h"

namespace latformer {
namespace {

Result<JsonDocument> parse_config(std::string_view file, std::string_view json) {
  return JsonDocument::parse(file, json, {.max_bytes = 16 << 20});
}

}  // namespace

Result<std::unique_ptr<DecoderLoader>> open_decoder(std::string_view config_json, std::optional<Precision> precision) {
  LATFORMER_ASSIGN(const JsonDocument document, parse_config("config.json", config_json));
  const JsonValue type = document.root()["model_type"];
  LATFORMER_ASSIGN(const std::string_view name, type.string());
  std::unique_ptr<DecoderLoader> loader;
  if (name == "gpt2") {
    LATFORMER_ASSIGN(const Gpt2Config config, parse_gpt2_config(config_json));
    loader = std::make_unique<Gpt2Loader>(config, precision);
  } else if (name == "llama") {
    LATFORMER_ASSIGN(const LlamaConfig config, parse_llama_config(config_json));
    loader = std::make_unique<LlamaLoader>(config, precision);
  } else {
    return type.unsupported("is " + quote(name) + R"(, not "gpt2" or "llama": it does not generate text here)");
  }
  LATFORMER_TRY(check_room(loader->facts(), precision));
  return loader;
}

Result<std::vector<int32_t>> parse_end_tokens(std::string_view config_json, std::string_view generation_config_json,
                                              uint32_t vocab_size) {
  const auto read = [&](const JsonValue& value) -> Result<std::vector<int32_t>> {
    std::vector<int32_t> tokens;
    const auto add = [&](const JsonValue& element) -> Status {
      LATFORMER_ASSIGN(const int64_t id, element.integer(0, int64_t{vocab_size} - 1));
      tokens.push_back(static_cast<int32_t>(id));
      return {};
    };
    if (!value.is_array()) {
      LATFORMER_TRY(add(value));
      return tokens;
    }
    LATFORMER_ASSIGN(const JsonArray array, value.array());
    for (const JsonValue element : array) LATFORMER_TRY(add(element));
    return tokens;
  };
  if (!generation_config_json.empty()) {
    LATFORMER_ASSIGN(const JsonDocument document, parse_config("generation_config.json", generation_config_json));
    if (document.root()["eos_token_id"].given()) return read(document.root()["eos_token_id"]);
  }
  LATFORMER_ASSIGN(const JsonDocument document, parse_config("config.json", config_json));
  if (document.root()["eos_token_id"].given()) return read(document.root()["eos_token_id"]);
  return std::vector<int32_t>{};
}

}  // namespace latformer
