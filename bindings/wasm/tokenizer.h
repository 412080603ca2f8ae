// A tokenizer without a model for JavaScript: text -> tokens and where in the text they are, and back.
#pragma once

#include <optional>

#include "bindings/value/value.h"
#include "bindings/wasm/staging.h"
#include "core/tasks/model_files.h"

namespace latformer {

class BoundTokenizer {
 public:
  // Gives what it is.
  val open(const ModelFiles& files);
  // One text, or a text and its pair, lie in the staging block as UTF-8 of `lengths` bytes. `special`: whether tokens
  // that the tokenizer adds are among the result, which is RawTokens of engine.ts.
  val encode(const Staging& staging, const val& lengths, bool special) const;
  // Null before open().
  const Tokenizer* get() const { return tokenizer_ ? &*tokenizer_ : nullptr; }

 private:
  std::optional<Tokenizer> tokenizer_;
};

// {texts}: what tokens stand for; `ids` of several texts, -1 at the end of each.
val texts_of(const Tokenizer& tokenizer, const val& ids, bool skip_special);

}  // namespace latformer
