// emscripten::val without Emscripten, as far as bindings/wasm/ uses it, so that the binding's calls can be fuzzed
// natively: JavaScript values as a tree. A field that is not there is undefined; as a number that is NaN, as a text
// empty.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace emscripten {

template <class T>
struct memory_view {
  size_t size;
  const T* data;
};

template <class T>
memory_view<T> typed_memory_view(size_t size, const T* data) {
  return {size, data};
}

class val {
 public:
  val() = default;  // undefined
  template <class T, class = std::enable_if_t<!std::is_same_v<std::decay_t<T>, val>>>
  explicit val(const T& value) : node_(std::make_shared<Node>()) {
    if constexpr (std::is_arithmetic_v<T>) {
      node_->number = static_cast<double>(value);
    } else {
      node_->text = value;
    }
  }
  template <class T>
  explicit val(memory_view<T> view) : node_(std::make_shared<Node>()) {
    node_->block = reinterpret_cast<uint8_t*>(const_cast<T*>(view.data));
    node_->block_size = view.size * sizeof(T);
  }

  static val undefined() { return {}; }
  static val null() { return {}; }
  static val object() { return val(0); }
  static val array() { return val(0); }

  template <class T>
  void set(const char* name, const T& value) {
    node_->fields[name] = to_val(value);
  }
  template <class T>
  void set(const std::string& name, const T& value) {
    node_->fields[name] = to_val(value);
  }
  template <class T>
  void set(size_t index, const T& value) {
    if (index >= node_->elements.size()) node_->elements.resize(index + 1);
    node_->elements[index] = to_val(value);
  }

  val operator[](const char* name) const {
    if (!node_) return {};
    const auto field = node_->fields.find(name);
    return field != node_->fields.end() ? field->second : val();
  }

  template <class T>
  T as() const {
    if constexpr (std::is_same_v<T, bool>) {
      return node_ && (node_->number != 0 || !node_->text.empty());
    } else if constexpr (std::is_same_v<T, double>) {
      return node_ ? node_->number : std::nan("");
    } else {
      return node_ ? node_->text : T();
    }
  }

  // Of a typed array: slice(), a copy. Each byte is read, as a copy would.
  template <class T>
  T call(const char* /*name*/) const {
    val copy(0);
    for (size_t i = 0; i < node_->block_size; ++i) copy.node_->number += node_->block[i];
    return copy;
  }

  bool isUndefined() const { return !node_; }
  const std::vector<val>& elements() const {
    static const std::vector<val> none;
    return node_ ? node_->elements : none;
  }
  uint8_t* block() const { return node_ ? node_->block : nullptr; }

 private:
  struct Node {
    double number = 0;
    std::string text;
    std::map<std::string, val> fields;
    std::vector<val> elements;
    uint8_t* block = nullptr;
    size_t block_size = 0;
  };

  template <class T>
  static val to_val(const T& value) {
    if constexpr (std::is_same_v<T, val>) {
      return value;
    } else {
      return val(value);
    }
  }

  std::shared_ptr<Node> node_;
};

template <class T>
std::vector<T> convertJSArrayToNumberVector(const val& array) {
  std::vector<T> numbers;
  for (const val& element : array.elements()) numbers.push_back(element.as<T>());
  return numbers;
}

template <class T>
std::vector<T> vecFromJSArray(const val& array) {
  std::vector<T> values;
  for (const val& element : array.elements()) values.push_back(element.as<T>());
  return values;
}

}  // namespace emscripten
