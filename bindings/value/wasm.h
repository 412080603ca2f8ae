// Values of JavaScript, as embind has them: see value.h.
#pragma once

#include <emscripten/val.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/buffer.h"
#include "core/base/status.h"

namespace latformer {

using emscripten::val;

inline std::vector<double> numbers_in(const val& array) {
  return emscripten::convertJSArrayToNumberVector<double>(array);
}

inline std::vector<std::string> strings_in(const val& array) { return emscripten::vecFromJSArray<std::string>(array); }

template <class T>
val typed_array(const std::vector<T>& values) {
  return val(emscripten::typed_memory_view(values.size(), values.data())).template call<val>("slice");
}

class Block {
 public:
  Status reserve(size_t size) { return bytes_.reserve(size); }
  val view(size_t size) { return val(emscripten::typed_memory_view(size, reinterpret_cast<uint8_t*>(bytes_.data()))); }
  const std::byte* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }

 private:
  Buffer<std::byte> bytes_;
};

}  // namespace latformer
