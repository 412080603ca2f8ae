// What the files of a model folder say of themselves, for whoever explains one (`latformer inspect`): by the readers
// that loading uses, but part by part, so that a folder that does not load can be described too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "core/base/status.h"
#include "core/tasks/model_files.h"
#include "core/text/text_model.h"

namespace latformer {

struct TokenizerDescription {
  std::string_view file;  // its vocabulary's
  TextModelFacts facts;
  size_t tokens = 0;  // of the vocabulary, without those that are added to it
};

// Errors: those of open_tokenizer, but for vocab_size.
Result<TokenizerDescription> describe_tokenizer(const ModelFiles& files);

struct WeightsDescription {
  size_t tensors = 0;
  uint64_t numbers = 0;
  std::map<std::string_view, uint64_t> by_type;  // StoredNumbers::type -> numbers
};

// head: the first bytes of model.safetensors, safetensors_header_size() of them. Errors: bad_model, unsupported_model.
Result<WeightsDescription> describe_weights(std::span<const std::byte> head);

}  // namespace latformer
