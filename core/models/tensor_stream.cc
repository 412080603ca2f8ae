#include "core/models/tensor_stream.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "core/format/quote.h"

namespace latformer {
namespace {

constexpr size_t kSizeBytes = 8;  // the header's size stands in front of it

}  // namespace

Status TensorStream::append(std::span<const std::byte> bytes) {
  LATFORMER_TRY(failure_);
  received_ += bytes.size();
  while (!bytes.empty() && failure_.ok()) failure_ = has_header_ ? append_tensor(bytes) : append_head(bytes);
  return failure_;
}

Status TensorStream::append_head(std::span<const std::byte>& bytes) {
  if (head_.size() == 0) LATFORMER_TRY(head_.reserve(kSizeBytes));
  const size_t part = std::min(bytes.size(), head_.size() - head_filled_);
  std::memcpy(head_.data() + head_filled_, bytes.data(), part);
  head_filled_ += part;
  bytes = bytes.subspan(part);
  if (head_filled_ < head_.size()) return {};

  if (head_filled_ == kSizeBytes) {
    LATFORMER_ASSIGN(const uint64_t size, safetensors_header_size(head_.span()));
    LATFORMER_ASSIGN(Buffer<std::byte> whole, Buffer<std::byte>::allocate(static_cast<size_t>(size)));
    std::memcpy(whole.data(), head_.data(), kSizeBytes);
    head_ = std::move(whole);
    if (size > kSizeBytes) return {};
  }
  LATFORMER_ASSIGN(header_, parse_safetensors_header(head_.span()));
  head_ = {};
  has_header_ = true;
  return sink_.begin(header_);
}

Status TensorStream::append_tensor(std::span<const std::byte>& bytes) {
  if (index_ == header_.tensors.size()) return bad_model("model.safetensors: bytes follow its last tensor");
  const TensorInfo& tensor = header_.tensors[index_];
  const uint64_t size = tensor.end - tensor.begin;
  const bool wanted = sink_.wants(index_);
  if (wanted && filled_ == 0) {
    if (size > std::numeric_limits<size_t>::max())
      return out_of_memory("model.safetensors: " + quote(tensor.name) + " does not fit in memory");
    LATFORMER_ASSIGN(tensor_, Buffer<std::byte>::allocate(static_cast<size_t>(size)));
  }
  const auto part = static_cast<size_t>(std::min<uint64_t>(bytes.size(), size - filled_));
  if (wanted) std::memcpy(tensor_.data() + filled_, bytes.data(), part);
  filled_ += part;
  bytes = bytes.subspan(part);
  if (filled_ < size) return {};

  filled_ = 0;
  const size_t index = index_++;
  return wanted ? sink_.take(index, std::exchange(tensor_, {})) : Status{};
}

Status TensorStream::finish() const {
  LATFORMER_TRY(failure_);
  if (!has_header_) {
    return bad_model("model.safetensors: ends inside its header, after " + std::to_string(received_) + " bytes");
  }
  const uint64_t expected = header_.data_begin + header_.data_size;
  if (received_ < expected) {
    return bad_model("model.safetensors: ends after " + std::to_string(received_) + " of " + std::to_string(expected) +
                     " bytes");
  }
  return {};
}

}  // namespace latformer
