// The values of an enum by the names that files and callers have for them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/format/quote.h"

namespace latformer {

template <class T, size_t n>
struct Names {
  struct Row {
    std::string_view name;
    T value;
  };
  std::array<Row, n> rows;

  std::string_view of(T value) const {
    for (const Row& row : rows) {
      if (row.value == value) return row.name;
    }
    return {};
  }

  std::optional<T> find(std::string_view name) const {
    for (const Row& row : rows) {
      if (row.name == name) return row.value;
    }
    return {};
  }

  // Of what the field is, where it is not one of these.
  std::string complaint(std::string_view name) const {
    std::string known;
    for (const Row& row : rows) known += (known.empty() ? "" : ", ") + quote(row.name);
    return "is " + quote(name) + ", not one of " + known;
  }

  // Errors: bad_model.
  Result<T> parse(const JsonValue& value) const {
    LATFORMER_ASSIGN(const std::string_view text, value.string());
    if (const std::optional<T> found = find(text)) return *found;
    return value.fault(complaint(text));
  }
};

}  // namespace latformer
