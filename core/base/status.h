// Errors as values: every fallible function of the core returns Status or Result<T>, never throws, never aborts.
//
// A code is stable and crosses into JavaScript as LatformerError.code; a message is one sentence that names the file,
// tensor or field at fault and says what was expected.
#pragma once

#include <cassert>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace latformer {

enum class ErrorCode {
  ok = 0,
  invalid_argument,   // the caller's value is out of its documented range
  bad_model,          // a model file is damaged or contradicts itself
  unsupported_model,  // a sound model of a kind that Latformer does not run
  out_of_memory,
  cancelled,
  internal,  // a defect of Latformer
};

// The name of `code` as JavaScript sees it, e.g. "bad_model".
constexpr std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::ok:
      return "ok";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::bad_model:
      return "bad_model";
    case ErrorCode::unsupported_model:
      return "unsupported_model";
    case ErrorCode::out_of_memory:
      return "out_of_memory";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

// One pointer: most are ok, and all of them are looked at, handed on and destroyed at every step.
class [[nodiscard]] Status {
 public:
  Status() = default;                           // ok
  Status(ErrorCode code, std::string message);  // not ErrorCode::ok
  Status(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status other) noexcept {
    error_ = std::move(other.error_);
    return *this;
  }
  ~Status() = default;

  bool ok() const { return error_ == nullptr; }
  ErrorCode code() const { return ok() ? ErrorCode::ok : error_->code; }
  const std::string& message() const;

 private:
  struct Error {
    ErrorCode code;
    std::string message;
  };
  struct Destroy {
    void operator()(const Error* error) const;
  };
  static const Error& no_memory();
  static const Error* make(ErrorCode code, std::string message);

  std::unique_ptr<const Error, Destroy> error_;
};

Status invalid_argument(std::string message);
Status bad_model(std::string message);
Status unsupported_model(std::string message);
Status out_of_memory(std::string message);
Status cancelled(std::string message);
Status internal_error(std::string message);

// A value or the reason why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) { assert(!status_.ok()); }

  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }
  T& value() & {
    assert(ok());
    return *value_;
  }
  const T& value() const& {
    assert(ok());
    return *value_;
  }
  T value() && {  // by value, so that a range-for over a temporary's value is safe
    assert(ok());
    return std::move(*value_);
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace latformer

// Return early with the error of a Status expression.
#define LATFORMER_TRY(expression)                          \
  do {                                                     \
    ::latformer::Status latformer_status_ = (expression);  \
    if (!latformer_status_.ok()) return latformer_status_; \
  } while (false)

#define LATFORMER_CONCAT_INNER_(a, b) a##b
#define LATFORMER_CONCAT_(a, b) LATFORMER_CONCAT_INNER_(a, b)

// Assign the value of a Result expression, or return early with its error: LATFORMER_ASSIGN(auto x, parse(text));
#define LATFORMER_ASSIGN(declaration, expression) \
  LATFORMER_ASSIGN_INNER_(LATFORMER_CONCAT_(latformer_result_, __LINE__), declaration, expression)
#define LATFORMER_ASSIGN_INNER_(result, declaration, expression) \
  auto result = (expression);                                    \
  if (!result.ok()) return std::move(result).status();           \
  declaration = std::move(result).value()
