// The safetensors container: 8 bytes little-endian header size, a JSON header {name: {dtype, shape, data_offsets}},
// then the tensors' bytes back to back.
//
// Only the header is read here; the bytes are streamed past by models/ as they arrive, so that no copy of the file is
// ever held. Every rule of the format is checked: header size and JSON, duplicate names, known dtype, size = shape x
// dtype, offsets inside the file, no overlap and no hole. That the file ends where the last tensor does is for whoever
// sees the file's end to check: it must be file_size() bytes long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace latformer {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean, u64, u32, u16, f8_e4m3, f8_e5m2, f8_e8m0, c64 };
size_t size_of(DType dtype);            // bytes
std::string_view name_of(DType dtype);  // as in the header, "F32"

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<uint64_t> shape;
  uint64_t begin = 0;  // byte offsets behind the header
  uint64_t end = 0;
  uint64_t elements() const;
};

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;  // in the order of their bytes
  uint64_t data_begin = 0;          // where the first tensor's bytes start in the file
  uint64_t data_size = 0;           // bytes of all tensors
  uint64_t file_size() const { return data_begin + data_size; }
};

// The number of bytes that parse_safetensors_header needs, 8 + header size, from the file's first 8 bytes.
// Errors: bad_model when fewer than 8 bytes are given or the size exceeds the format's limit of 100 MB.
Result<uint64_t> safetensors_header_size(std::span<const std::byte> first_bytes);

// `head`: the file's first safetensors_header_size() bytes. Errors: bad_model, naming the tensor and the rule it
// breaks; unsupported_model for numbers of less than a byte, and for more than 65,536 tensors; out_of_memory.
Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> head);

// The head of a file with these tensors, whose bytes follow back to back in this order: size and header, padded with
// spaces to a multiple of 8. Sets begin and end. Names are unique UTF-8, none is "__metadata__".
std::string make_safetensors_head(std::vector<TensorInfo>& tensors);

}  // namespace latformer
