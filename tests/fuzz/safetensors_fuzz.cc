// Any bytes as the head of a safetensors file: no crash, and what is accepted keeps the format's rules.
#include <span>
#include <string>

#include "core/format/safetensors.h"
#include "core/format/weights.h"
#include "core/models/bert/architectures.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)safetensors_header_size(bytes);

  // Fuzzers seldom guess the length, so it is put in front of the header for them.
  std::string head(8, '\0');
  for (size_t i = 0; i < 8; ++i) head[i] = static_cast<char>(uint64_t{size} >> (8 * i) & 0xff);
  head.append(reinterpret_cast<const char*>(data), size);
  Result<SafetensorsHeader> header = parse_safetensors_header(std::as_bytes(std::span(head)));
  fuzz::require_sound(header.status());
  if (!header.ok()) return 0;

  uint64_t end = 0;
  for (const TensorInfo& tensor : header->tensors) {
    FUZZ_REQUIRE(tensor.begin == end && tensor.end - tensor.begin == tensor.elements() * size_of(tensor.dtype));
    end = tensor.end;
  }
  FUZZ_REQUIRE(end == header->data_size && header->data_begin == head.size());

  const Result<WeightIndex> index = WeightIndex::create(*header, bert_architectures().front().rename());
  if (index.ok()) {
    for (const TensorInfo& tensor : header->tensors) {
      const Result<StoredWeight> weight =
          index->find(bert_architectures().front().looked_up(tensor.name), tensor.shape);
      FUZZ_REQUIRE(!weight.ok() || weight->values < header->tensors.size());
    }
  }

  // What is read can be written, and is read the same.
  const std::string again = make_safetensors_head(header->tensors);
  const Result<SafetensorsHeader> reread = parse_safetensors_header(std::as_bytes(std::span(again)));
  FUZZ_REQUIRE(reread.ok() && reread->tensors.size() == header->tensors.size() &&
               reread->data_size == header->data_size);
  return 0;
}
