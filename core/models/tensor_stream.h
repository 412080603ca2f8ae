// A safetensors file as it arrives: bytes in parts of any size go in, whole tensors come out, one after another.
//
// At any moment the stream holds one tensor at most (and the header, until it is read), so that a model is loaded
// without a copy of its file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/format/safetensors.h"

namespace latformer {

// Who receives the tensors.
class TensorSink {
 public:
  virtual ~TensorSink() = default;
  // First of all the header. It stays where it is until the stream ends.
  virtual Status begin(const SafetensorsHeader& header) = 0;
  // Whether to store tensor `index` of the header; the bytes of others are passed over.
  virtual bool wants(size_t index) const = 0;
  // Tensor `index`, whole. Only those that are wanted, in the order of the header.
  virtual Status take(size_t index, Buffer<std::byte> bytes) = 0;
};

class TensorStream {
 public:
  explicit TensorStream(TensorSink& sink) : sink_(sink) {}

  // The next bytes of the file. Errors: bad_model (a broken header, bytes behind the last tensor), out_of_memory, and
  // those of the sink. After an error every call repeats it.
  Status append(std::span<const std::byte> bytes);

  // The file has ended. Errors: bad_model when it is too short.
  Status finish() const;

 private:
  Status append_head(std::span<const std::byte>& bytes);
  Status append_tensor(std::span<const std::byte>& bytes);

  TensorSink& sink_;
  Status failure_;
  uint64_t received_ = 0;  // bytes of the file so far

  Buffer<std::byte> head_;  // the header's size, then all of the header
  size_t head_filled_ = 0;
  bool has_header_ = false;
  SafetensorsHeader header_;

  size_t index_ = 0;  // the tensor whose bytes come next
  uint64_t filled_ = 0;
  Buffer<std::byte> tensor_;
};

}  // namespace latformer
