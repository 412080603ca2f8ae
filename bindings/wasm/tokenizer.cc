#include "bindings/wasm/tokenizer.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/wasm/convert.h"
#include "bindings/wasm/spans.h"
#include "core/base/status.h"

namespace latformer {

val BoundTokenizer::open(const ModelFiles& files) {
  Result<Tokenizer> opened = open_tokenizer_alone(files);
  if (!opened.ok()) return failure(opened.status());
  tokenizer_ = std::move(opened).value();
  val facts = val::object();
  facts.set("type", std::string(tokenizer_->facts().type));
  facts.set("vocab_size", tokenizer_->vocabulary_size());
  if (tokenizer_->max_tokens() != SIZE_MAX) facts.set("max_tokens", tokenizer_->max_tokens());
  return facts;
}

val BoundTokenizer::encode(const Staging& staging, const val& lengths, bool special) const {
  if (!tokenizer_) return too_early("a tokenizer");
  const Result<Lengths> checked = lengths_of(lengths, staging.size());
  if (!checked.ok()) return failure(checked.status());
  const Lengths& sizes = checked.value();
  if (sizes.size() != 2) return failure(invalid_argument("a text and a pair are needed"));
  size_t begin = 0;
  const std::string_view text = staging.text(begin, sizes[0].value_or(0));
  std::optional<std::string_view> pair;
  if (sizes[1]) pair = staging.text(begin, *sizes[1]);

  Result<Encoding> encoded = tokenizer_->encode(text, pair, SIZE_MAX);
  if (!encoded.ok()) return failure(encoded.status());
  const Encoding encoding = special ? std::move(encoded).value() : without_special(*encoded);
  val tokens = val::object();
  tokens.set("ids", typed_array(encoding.ids));
  tokens.set("typeIds", typed_array(encoding.type_ids));
  tokens.set("spans", typed_array(utf16_spans(text, pair.value_or(std::string_view()), {&encoding})));
  tokens.set("tokens", array_of(encoding.ids, [&](int32_t id) { return val(std::string(tokenizer_->token(id))); }));
  return tokens;
}

val texts_of(const Tokenizer& tokenizer, const val& ids, bool skip_special) {
  val texts = val::array();
  size_t count = 0;
  std::vector<int32_t> text;
  for (const double id : numbers_in(ids)) {
    if (id == -1) {
      texts.set(count++, tokenizer.decode(std::exchange(text, {}), skip_special));
      continue;
    }
    if (!(id >= 0 && id <= INT32_MAX)) return failure(invalid_argument("there is no such token"));
    text.push_back(static_cast<int32_t>(id));
  }
  val result = val::object();
  result.set("texts", texts);
  return result;
}

}  // namespace latformer
