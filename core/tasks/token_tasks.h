// Tasks whose answers are about tokens: labels of words, words for masked ones, where in a context an answer stands.
// What the head makes of each window is theirs as it is; a token that was dropped is read as it last was
// (core/models/last_states.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/status.h"
#include "core/kernels/linear.h"
#include "core/models/encoder_model.h"
#include "core/tasks/encoder.h"
#include "core/tasks/model_files.h"

namespace latformer {

// Logits (tokens, labels).
Result<std::unique_ptr<EncoderModelLoader>> open_token_classifier(const ModelFiles& files,
                                                                  std::optional<Precision> precision);

// Logits (tokens, 2) of where the answer begins and ends.
Result<std::unique_ptr<EncoderModelLoader>> open_question_answerer(const ModelFiles& files,
                                                                   std::optional<Precision> precision);

// Logits (masked tokens, vocab_size). `mask`: see mask_of(), by which it is to be filled before texts are read.
Result<std::unique_ptr<EncoderModelLoader>> open_mask_filler(const ModelFiles& files,
                                                             std::optional<Precision> precision,
                                                             std::shared_ptr<const int32_t> mask);

// Tokens of these meanings, whatever the family calls them; absent: there is none.
struct NamedToken {
  std::string_view text;
  int32_t id;
};
std::optional<NamedToken> mask_of(const Tokenizer& tokenizer);
std::optional<NamedToken> unknown_of(const Tokenizer& tokenizer);

}  // namespace latformer
