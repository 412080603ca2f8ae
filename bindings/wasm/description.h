// What a model folder says of itself, in JavaScript.
#pragma once

#include <emscripten/val.h>

#include <cstddef>
#include <span>

#include "core/tasks/model_files.h"

namespace latformer {

// An object with `tokenizer` and `weights`, each absent where it cannot be read.
emscripten::val description_of(const ModelFiles& files, std::span<const std::byte> head);

}  // namespace latformer
