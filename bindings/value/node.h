// Values of JavaScript, as Node-API has them: see value.h. They are of the environment (a thread of Node) that calls,
// and live as long as that call.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/status.h"

namespace latformer {

// The environment whose JavaScript this thread runs.
inline thread_local napi_env node_environment = nullptr;

class val {
 public:
  static val object() { return val(Napi::Object::New(node_environment)); }
  static val array() { return val(Napi::Array::New(node_environment)); }
  static val null() { return val(Napi::Env(node_environment).Null()); }
  static val undefined() { return val(Napi::Env(node_environment).Undefined()); }

  explicit val(Napi::Value value) : value_(value) {}
  explicit val(std::string_view text) : value_(Napi::String::New(node_environment, text.data(), text.size())) {}
  explicit val(const std::string& text) : val(std::string_view(text)) {}
  explicit val(bool flag) : value_(Napi::Boolean::New(node_environment, flag)) {}
  template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>)
  explicit val(Number number) : value_(Napi::Number::New(node_environment, static_cast<double>(number))) {}

  Napi::Value value() const { return value_; }
  bool isUndefined() const { return value_.IsUndefined(); }
  val operator[](const char* name) const { return val(value_.As<Napi::Object>().Get(name)); }

  void set(const char* name, const val& value) { value_.As<Napi::Object>().Set(name, value.value_); }
  void set(std::string_view name, const val& value) { value_.As<Napi::Object>().Set(val(name).value_, value.value_); }
  void set(size_t index, const val& value) {
    value_.As<Napi::Object>().Set(static_cast<uint32_t>(index), value.value_);
  }
  template <class Key, class T>
    requires(!std::is_same_v<T, val>)
  void set(Key&& key, const T& value) {
    set(std::forward<Key>(key), val(value));
  }

  template <class T>
  T as() const {
    if constexpr (std::is_same_v<T, std::string>) {
      return value_.As<Napi::String>().Utf8Value();
    } else if constexpr (std::is_same_v<T, bool>) {
      return value_.As<Napi::Boolean>().Value();
    } else {
      static_assert(std::is_arithmetic_v<T>);
      return static_cast<T>(value_.As<Napi::Number>().DoubleValue());
    }
  }

 private:
  Napi::Value value_;
};

template <class T>
std::vector<T> values_in(const val& array) {
  const auto given = array.value().As<Napi::Array>();
  std::vector<T> values;
  for (uint32_t i = 0; i < given.Length(); ++i) values.push_back(val(given.Get(i)).as<T>());
  return values;
}

inline std::vector<double> numbers_in(const val& array) { return values_in<double>(array); }
inline std::vector<std::string> strings_in(const val& array) { return values_in<std::string>(array); }

template <class T>
val typed_array(const std::vector<T>& values) {
  auto array = Napi::TypedArrayOf<T>::New(node_environment, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(T));
  return val(array);
}

// The bytes are JavaScript's: not every program with Node inside lets its arrays lie over memory of C++.
class Block {
 public:
  Status reserve(size_t size) {
    if (size <= this->size()) return {};
    auto array = Napi::Uint8Array::New(node_environment, size);
    bytes_ = Napi::Persistent(array);
    data_ = reinterpret_cast<std::byte*>(array.Data());
    size_ = size;
    return {};
  }
  val view(size_t size) {
    if (bytes_.IsEmpty()) return val(Napi::Uint8Array::New(node_environment, 0));
    return val(Napi::Uint8Array::New(node_environment, size, bytes_.Value().ArrayBuffer(), 0));
  }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  Napi::Reference<Napi::Uint8Array> bytes_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace latformer
