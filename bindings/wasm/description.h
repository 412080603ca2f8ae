// What a model folder says of itself, in JavaScript.
#pragma once

#include <cstddef>
#include <span>

#include "bindings/value/value.h"
#include "core/tasks/model_files.h"

namespace latformer {

// An object with `tokenizer` and `weights`, each absent where it cannot be read.
val description_of(const ModelFiles& files, std::span<const std::byte> head);

}  // namespace latformer
