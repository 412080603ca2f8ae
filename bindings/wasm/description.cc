#include "bindings/wasm/description.h"

#include <optional>
#include <string>

#include "core/tasks/description.h"

namespace latformer {
namespace {

val value_of(std::optional<bool> setting) { return setting ? val(*setting) : val::undefined(); }

}  // namespace

val description_of(const ModelFiles& files, std::span<const std::byte> head) {
  val result = val::object();
  if (const auto tokenizer = describe_tokenizer(files); tokenizer.ok()) {
    val object = val::object();
    object.set("file", std::string(tokenizer->file));
    object.set("type", std::string(tokenizer->facts.type));
    object.set("vocabulary", tokenizer->tokens);
    object.set("lowercase", value_of(tokenizer->facts.lowercase));
    object.set("strip_accents", value_of(tokenizer->facts.strip_accents));
    object.set("handle_chinese_chars", value_of(tokenizer->facts.handle_chinese_chars));
    result.set("tokenizer", object);
  }
  if (const auto weights = describe_weights(head); weights.ok()) {
    val dtypes = val::object();
    for (const auto& [type, numbers] : weights->by_type) dtypes.set(std::string(type), static_cast<double>(numbers));
    val object = val::object();
    object.set("tensors", weights->tensors);
    object.set("parameters", static_cast<double>(weights->numbers));
    object.set("dtypes", dtypes);
    result.set("weights", object);
  }
  return result;
}

}  // namespace latformer
