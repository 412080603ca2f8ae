// C++ -> JavaScript: values as plain objects and typed arrays, failures as {error: {code, message}}.
#pragma once

#include <cstddef>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/value/value.h"
#include "core/base/status.h"

namespace latformer {

inline val failure(const Status& status) {
  val error = val::object();
  error.set("code", std::string(name_of(status.code())));
  error.set("message", status.message());
  val result = val::object();
  result.set("error", error);
  return result;
}

inline val value_or_failure(const Status& status) { return status.ok() ? val::object() : failure(status); }

// A method was called before what it needs was there.
inline val too_early(std::string_view needs) {
  return failure(invalid_argument("this needs " + std::string(needs) + " first"));
}

// Bytes of texts that lie one behind the other in `available` bytes; absent where `lengths` says -1. Errors:
// invalid_argument.
using Lengths = std::vector<std::optional<size_t>>;
inline Result<Lengths> lengths_of(const val& lengths, size_t available) {
  Lengths result;
  for (const double length : numbers_in(lengths)) {
    std::optional<size_t>& bytes = result.emplace_back();
    if (length == -1) continue;
    if (!(length >= 0 && length <= static_cast<double>(available))) {
      return invalid_argument("the texts are longer than what is staged");
    }
    bytes = static_cast<size_t>(length);
    available -= *bytes;
  }
  return result;
}

// Runs `function`; what the standard library throws when memory runs out becomes a failure.
template <class Function>
val guarded(const Function& function) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return failure(out_of_memory("there is no more memory"));
  } catch (const std::length_error&) {
    return failure(out_of_memory("more values than memory can address"));
  }
}

template <class T, class Convert>
val array_of(const std::vector<T>& values, const Convert& convert) {
  val array = val::array();
  for (size_t i = 0; i < values.size(); ++i) array.set(i, convert(values[i]));
  return array;
}

}  // namespace latformer
