#include "core/format/safetensors.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "core/format/json.h"
#include "core/format/quote.h"

namespace latformer {
namespace {

constexpr std::string_view kFile = "model.safetensors";
constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kLargestHeader = 100'000'000;  // the limit of the reference implementation
constexpr size_t kMostTensors = 65'536;           // ours, far above any encoder

struct DTypeRow {
  DType dtype;
  std::string_view name;
  size_t size;
};
constexpr std::array<DTypeRow, 17> kDTypes = {{
    {DType::f64, "F64", 8},
    {DType::f32, "F32", 4},
    {DType::f16, "F16", 2},
    {DType::bf16, "BF16", 2},
    {DType::i64, "I64", 8},
    {DType::i32, "I32", 4},
    {DType::i16, "I16", 2},
    {DType::i8, "I8", 1},
    {DType::u8, "U8", 1},
    {DType::boolean, "BOOL", 1},
    {DType::u64, "U64", 8},
    {DType::u32, "U32", 4},
    {DType::u16, "U16", 2},
    {DType::f8_e4m3, "F8_E4M3", 1},
    {DType::f8_e5m2, "F8_E5M2", 1},
    {DType::f8_e8m0, "F8_E8M0", 1},
    {DType::c64, "C64", 8},
}};
constexpr std::array<std::string_view, 3> kPackedDTypes = {"F4", "F6_E2M3", "F6_E3M2"};  // less than a byte each

const DTypeRow& row_of(DType dtype) {
  return *std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeRow& row) { return row.dtype == dtype; });
}

std::string in_file(std::string_view text) { return std::string(kFile) + ": " + std::string(text); }

[[gnu::noinline]] Result<DType> dtype_of(const JsonValue& value) {
  LATFORMER_ASSIGN(const std::string_view name, value.string());
  for (const DTypeRow& row : kDTypes) {
    if (row.name == name) return row.dtype;
  }
  for (const std::string_view packed : kPackedDTypes) {
    if (packed == name)
      return value.fault("is " + std::string(name) + ", which is not read", ErrorCode::unsupported_model);
  }
  return value.fault("is the unknown type " + quote(name));
}

// elements() * size of the type, unless that is beyond 64 bits.
std::optional<uint64_t> bytes_of(const TensorInfo& tensor) {
  uint64_t bytes = size_of(tensor.dtype);
  bool overflow = false;
  for (const uint64_t extent : tensor.shape) {
    if (extent == 0) return 0;
    if (bytes > std::numeric_limits<uint64_t>::max() / extent) overflow = true;
    bytes *= extent;
  }
  if (overflow) return std::nullopt;
  return bytes;
}

[[gnu::noinline]] Result<std::vector<uint64_t>> parse_sizes(const JsonValue& value) {
  LATFORMER_ASSIGN(const JsonArray array, value.array());
  std::vector<uint64_t> sizes;
  sizes.reserve(array.size());
  for (const JsonValue element : array) {
    LATFORMER_ASSIGN(const int64_t size, element.integer(0, std::numeric_limits<int64_t>::max()));
    sizes.push_back(static_cast<uint64_t>(size));
  }
  return sizes;
}

// V8 counts the size of all code that runs, and optimises a function after so much of it: small ones never get there.
[[gnu::noinline]] Result<TensorInfo> parse_tensor(const JsonMember& member) {
  TensorInfo tensor;
  tensor.name = member.key;
  LATFORMER_TRY(member.value.object().status());
  LATFORMER_ASSIGN(tensor.dtype, dtype_of(member.value["dtype"]));
  LATFORMER_ASSIGN(tensor.shape, parse_sizes(member.value["shape"]));
  const JsonValue offsets = member.value["data_offsets"];
  LATFORMER_ASSIGN(const std::vector<uint64_t> bounds, parse_sizes(offsets));
  if (bounds.size() != 2) return offsets.fault("must be two numbers");
  tensor.begin = bounds[0];
  tensor.end = bounds[1];
  if (tensor.begin > tensor.end) return offsets.fault("end before they begin");
  const std::optional<uint64_t> bytes = bytes_of(tensor);
  if (!bytes) return member.value["shape"].fault("is more than can be addressed");
  if (*bytes != tensor.end - tensor.begin) {
    return offsets.fault("span " + std::to_string(tensor.end - tensor.begin) + " bytes, but shape and dtype ask for " +
                         std::to_string(*bytes));
  }
  return tensor;
}

Status check_metadata(const JsonValue& metadata) {
  LATFORMER_ASSIGN(const JsonObject members, metadata.object());
  for (const JsonMember member : members) LATFORMER_TRY(member.value.string().status());
  return {};
}

// Sorts by place in the file and refuses overlaps and holes.
[[gnu::noinline]] Status put_in_order(std::vector<TensorInfo>& tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end != b.end ? a.end < b.end : a.name < b.name;
  });
  uint64_t end = 0;
  for (const TensorInfo& tensor : tensors) {
    if (tensor.begin != end) {
      return bad_model(in_file("tensor " + quote(tensor.name) + " begins at byte " + std::to_string(tensor.begin) +
                               (tensor.begin < end ? ", inside the one before it, which ends at "
                                                   : ", leaving a hole behind the one before it, which ends at ") +
                               std::to_string(end)));
    }
    end = tensor.end;
  }
  return {};
}

void append_json_string(std::string& json, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      json += std::string("\\u00") + kHex[c >> 4] + kHex[c & 15];
    } else {
      if (c == '"' || c == '\\') json += '\\';
      json += c;
    }
  }
  json += '"';
}

}  // namespace

size_t size_of(DType dtype) { return row_of(dtype).size; }
std::string_view name_of(DType dtype) { return row_of(dtype).name; }

uint64_t TensorInfo::elements() const {
  uint64_t product = 1;
  for (const uint64_t extent : shape) product *= extent;
  return product;
}

Result<uint64_t> safetensors_header_size(std::span<const std::byte> first_bytes) {
  if (first_bytes.size() < kLengthBytes) {
    return bad_model(in_file("the file has fewer than the 8 bytes that it must begin with"));
  }
  uint64_t size = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) size |= std::to_integer<uint64_t>(first_bytes[i]) << (8 * i);
  if (size > kLargestHeader) {
    return bad_model(in_file("a header of " + std::to_string(size) + " bytes is beyond the format's limit of 100 MB"));
  }
  return kLengthBytes + size;
}

Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> head) {
  LATFORMER_ASSIGN(const uint64_t size, safetensors_header_size(head));
  if (head.size() != size) {
    return bad_model(
        in_file("the header has " + std::to_string(head.size()) + " bytes instead of " + std::to_string(size)));
  }
  const std::string_view json(reinterpret_cast<const char*>(head.data()) + kLengthBytes, size - kLengthBytes);
  if (!json.starts_with('{')) return bad_model(in_file("the header does not begin with {"));
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kFile, json, {.max_bytes = kLargestHeader}));
  LATFORMER_ASSIGN(const JsonObject members, document.root().object());
  if (members.size() > kMostTensors) {
    return unsupported_model(in_file(std::to_string(members.size()) + " tensors are more than the limit of 65536"));
  }

  SafetensorsHeader header;
  header.data_begin = size;
  header.tensors.reserve(members.size());
  for (const JsonMember member : members) {
    if (member.key == "__metadata__") {
      LATFORMER_TRY(check_metadata(member.value));
      continue;
    }
    LATFORMER_ASSIGN(TensorInfo tensor, parse_tensor(member));
    header.tensors.push_back(std::move(tensor));
  }
  LATFORMER_TRY(put_in_order(header.tensors));
  if (!header.tensors.empty()) header.data_size = header.tensors.back().end;
  if (header.data_size > std::numeric_limits<uint64_t>::max() - header.data_begin) {
    return bad_model(in_file("the tensors are more than can be addressed"));
  }
  return header;
}

std::string make_safetensors_head(std::vector<TensorInfo>& tensors) {
  std::string head(kLengthBytes, '\0');
  head += R"({"__metadata__":{"format":"pt"})";
  uint64_t end = 0;
  for (TensorInfo& tensor : tensors) {
    tensor.begin = end;
    tensor.end = end += tensor.elements() * size_of(tensor.dtype);
    head += ',';
    append_json_string(head, tensor.name);
    head += R"(:{"dtype":")" + std::string(name_of(tensor.dtype)) + R"(","shape":[)";
    for (size_t i = 0; i < tensor.shape.size(); ++i) head += (i > 0 ? "," : "") + std::to_string(tensor.shape[i]);
    head += R"(],"data_offsets":[)" + std::to_string(tensor.begin) + "," + std::to_string(tensor.end) + "]}";
  }
  head += '}';
  while (head.size() % 8 != 0) head += ' ';
  const uint64_t size = head.size() - kLengthBytes;
  for (size_t i = 0; i < kLengthBytes; ++i) head[i] = static_cast<char>(size >> (8 * i) & 0xff);
  return head;
}

}  // namespace latformer
