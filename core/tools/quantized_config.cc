#include "core/tools/quantized_config.h"

#include <yyjson.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace latformer {
namespace {

// What compressed-tensors' QuantizationConfig calls integer weights and float activations: int8 with one scale per row,
// or 4 bits packed into 32-bit words with one per group. The format stands in the group too: without it, the library
// would expect weights without quantised activations to be packed.
std::string settings_json(size_t group) {
  const std::string format = group > 0 ? R"("format": "pack-quantized")" : R"("format": "int-quantized")";
  const std::string scheme = group > 0 ? R"("num_bits": 4, "strategy": "group", "group_size": )" + std::to_string(group)
                                       : R"("num_bits": 8, "strategy": "channel")";
  return R"({"quant_method": "compressed-tensors", )" + format +
         R"(, "quantization_status": "compressed", "config_groups": {"group_0": {"targets": ["Linear", "Embedding"], )" +
         format + R"(, "weights": {"type": "int", "symmetric": true, )" + scheme + "}}}}";
}

struct FreeDocument {
  void operator()(yyjson_doc* document) const { yyjson_doc_free(document); }
  void operator()(yyjson_mut_doc* document) const { yyjson_mut_doc_free(document); }
};
struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

std::unique_ptr<yyjson_doc, FreeDocument> read(std::string_view json) {
  return std::unique_ptr<yyjson_doc, FreeDocument>(yyjson_read(json.data(), json.size(), YYJSON_READ_NOFLAG));
}

}  // namespace

Result<std::string> quantized_config(std::string_view json, std::span<const std::string> float_modules, size_t group) {
  const auto source = read(json);
  const auto settings = read(settings_json(group));
  if (!source || !settings) return bad_model("config.json: cannot be read");
  const std::unique_ptr<yyjson_mut_doc, FreeDocument> config(yyjson_doc_mut_copy(source.get(), nullptr));
  if (!config) return out_of_memory("no memory to rewrite config.json");

  yyjson_mut_doc* document = config.get();
  yyjson_mut_val* root = yyjson_mut_doc_get_root(document);
  for (const char* old : {"torch_dtype", "dtype", "quantization_config"}) yyjson_mut_obj_remove_key(root, old);
  yyjson_mut_val* quantization = yyjson_val_mut_copy(document, yyjson_doc_get_root(settings.get()));
  yyjson_mut_val* ignored = yyjson_mut_arr(document);
  bool complete = yyjson_mut_obj_add_val(document, quantization, "ignore", ignored) &&
                  yyjson_mut_obj_add_str(document, root, "dtype", "float32") &&
                  yyjson_mut_obj_add_val(document, root, "quantization_config", quantization);
  for (const std::string& module : float_modules) {
    complete = complete && yyjson_mut_arr_add_strncpy(document, ignored, module.data(), module.size());
  }
  if (!complete) return out_of_memory("no memory to rewrite config.json");

  size_t size = 0;
  const std::unique_ptr<char, FreeText> text(yyjson_mut_write(document, YYJSON_WRITE_PRETTY_TWO_SPACES, &size));
  if (!text) return out_of_memory("no memory to rewrite config.json");
  return std::string(text.get(), size) + "\n";
}

}  // namespace latformer
