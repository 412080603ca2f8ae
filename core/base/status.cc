#include "core/base/status.h"

#include <new>

namespace latformer {

// Memory that is short is what such an error is about, so it must not take any: then one that stands ready is told.
const Status::Error& Status::no_memory() {
  static const Error error{ErrorCode::out_of_memory, "out of memory"};
  return error;
}

const Status::Error* Status::make(ErrorCode code, std::string message) {
  const Error* error = new (std::nothrow) Error{code, std::move(message)};
  return error != nullptr ? error : &no_memory();
}

Status::Status(ErrorCode code, std::string message) : error_(make(code, std::move(message))) {
  assert(code != ErrorCode::ok);
}

Status::Status(const Status& other) : error_(other.ok() ? nullptr : make(other.code(), other.message())) {}

const std::string& Status::message() const {
  static const std::string none;
  return ok() ? none : error_->message;
}

void Status::Destroy::operator()(const Error* error) const {
  if (error != &no_memory()) delete error;
}

Status invalid_argument(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }
Status bad_model(std::string message) { return {ErrorCode::bad_model, std::move(message)}; }
Status unsupported_model(std::string message) { return {ErrorCode::unsupported_model, std::move(message)}; }
Status out_of_memory(std::string message) { return {ErrorCode::out_of_memory, std::move(message)}; }
Status cancelled(std::string message) { return {ErrorCode::cancelled, std::move(message)}; }
Status internal_error(std::string message) { return {ErrorCode::internal, std::move(message)}; }

}  // namespace latformer
