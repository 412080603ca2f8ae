#include "core/base/status.h"

namespace latformer {

Status::Status(ErrorCode code, std::string message) : error_(new Error{code, std::move(message)}) {
  assert(code != ErrorCode::ok);
}

Status::Status(const Status& other) : error_(other.ok() ? nullptr : new Error(*other.error_)) {}

const std::string& Status::message() const {
  static const std::string none;
  return ok() ? none : error_->message;
}

void Status::Destroy::operator()(const Error* error) const { delete error; }

Status invalid_argument(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }
Status bad_model(std::string message) { return {ErrorCode::bad_model, std::move(message)}; }
Status unsupported_model(std::string message) { return {ErrorCode::unsupported_model, std::move(message)}; }
Status out_of_memory(std::string message) { return {ErrorCode::out_of_memory, std::move(message)}; }
Status cancelled(std::string message) { return {ErrorCode::cancelled, std::move(message)}; }
Status internal_error(std::string message) { return {ErrorCode::internal, std::move(message)}; }

}  // namespace latformer
