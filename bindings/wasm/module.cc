// What the module exports.
#include <emscripten/bind.h>

#include "bindings/wasm/methods.h"

EMSCRIPTEN_BINDINGS(latformer) {
  latformer::list_methods(emscripten::class_<latformer::Session>("Session").constructor<>());
}
