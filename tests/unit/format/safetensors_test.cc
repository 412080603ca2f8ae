#include "core/format/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace latformer {
namespace {

std::string head_of(std::string_view json) {
  std::string head(8, '\0');
  const uint64_t size = json.size();
  for (size_t i = 0; i < 8; ++i) head[i] = static_cast<char>(size >> (8 * i) & 0xff);
  return head + std::string(json);
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

Result<SafetensorsHeader> parse(std::string_view json) { return parse_safetensors_header(bytes_of(head_of(json))); }

void expect_bad(std::string_view json, std::string_view part, ErrorCode code = ErrorCode::bad_model) {
  const Result<SafetensorsHeader> header = parse(json);
  EXPECT_EQ(header.status().code(), code) << json;
  EXPECT_NE(header.status().message().find(part), std::string::npos) << header.status().message();
  EXPECT_TRUE(header.status().message().starts_with("model.safetensors: ")) << header.status().message();
}

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirBytes) {
  const std::string json =
      R"({"b":{"dtype":"F16","shape":[2,3],"data_offsets":[8,20]},"__metadata__":{"format":"pt"},)"
      R"("a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"empty":{"dtype":"I8","shape":[0,7],"data_offsets":[8,8]}}   )";
  const SafetensorsHeader header = parse(json).value();
  ASSERT_EQ(header.tensors.size(), 3u);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[0].elements(), 1u);
  EXPECT_EQ(header.tensors[1].name, "empty");
  EXPECT_EQ(header.tensors[1].elements(), 0u);
  EXPECT_EQ(header.tensors[2].name, "b");
  EXPECT_EQ(header.tensors[2].dtype, DType::f16);
  EXPECT_EQ(header.tensors[2].shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(header.tensors[2].begin, 8u);
  EXPECT_EQ(header.tensors[2].end, 20u);
  EXPECT_EQ(header.data_begin, 8 + json.size());
  EXPECT_EQ(header.data_size, 20u);
  EXPECT_EQ(header.file_size(), 28 + json.size());
}

TEST(Safetensors, KnowsEveryTypeOfWholeBytes) {
  for (const auto& [name, size] : std::vector<std::pair<std::string, size_t>>{{"BOOL", 1},
                                                                              {"U8", 1},
                                                                              {"I8", 1},
                                                                              {"F8_E5M2", 1},
                                                                              {"F8_E4M3", 1},
                                                                              {"F8_E8M0", 1},
                                                                              {"I16", 2},
                                                                              {"U16", 2},
                                                                              {"F16", 2},
                                                                              {"BF16", 2},
                                                                              {"I32", 4},
                                                                              {"U32", 4},
                                                                              {"F32", 4},
                                                                              {"C64", 8},
                                                                              {"F64", 8},
                                                                              {"I64", 8},
                                                                              {"U64", 8}}) {
    const std::string end = std::to_string(3 * size);
    const SafetensorsHeader header =
        parse(R"({"x":{"dtype":")" + name + R"(","shape":[3],"data_offsets":[0,)" + end + "]}}").value();
    EXPECT_EQ(name_of(header.tensors[0].dtype), name);
    EXPECT_EQ(size_of(header.tensors[0].dtype), size);
  }
}

TEST(Safetensors, AcceptsAFileWithoutTensors) {
  const SafetensorsHeader header = parse("{}").value();
  EXPECT_TRUE(header.tensors.empty());
  EXPECT_EQ(header.file_size(), 10u);
}

TEST(Safetensors, ChecksTheHeaderSize) {
  EXPECT_EQ(safetensors_header_size(bytes_of(head_of("{}"))).value(), 10u);
  EXPECT_EQ(safetensors_header_size(bytes_of("1234567")).status().code(), ErrorCode::bad_model);
  const auto size_of_length = [](uint64_t length) {
    std::string head(8, '\0');
    std::memcpy(head.data(), &length, 8);  // tests run on little-endian machines
    return safetensors_header_size(bytes_of(head));
  };
  EXPECT_EQ(size_of_length(100'000'000).value(), 100'000'008u);
  EXPECT_EQ(size_of_length(100'000'001).status().code(), ErrorCode::bad_model);
  EXPECT_EQ(size_of_length(~uint64_t{0}).status().code(), ErrorCode::bad_model);
  const std::string head = head_of("{}");
  EXPECT_EQ(parse_safetensors_header(bytes_of(head.substr(0, 9))).status().code(), ErrorCode::bad_model);
  EXPECT_EQ(parse_safetensors_header(bytes_of(head + " ")).status().code(), ErrorCode::bad_model);
  EXPECT_EQ(parse_safetensors_header({}).status().code(), ErrorCode::bad_model);
}

TEST(Safetensors, RefusesABrokenHeader) {
  expect_bad("", "does not begin with {");
  expect_bad(" {}", "does not begin with {");
  expect_bad("[]", "does not begin with {");
  expect_bad("{", "not JSON");
  expect_bad("{} x", "not JSON");
  expect_bad(R"({"x":1})", "x must be an object");
  expect_bad(R"({"x":{}})", "x.dtype is missing");
  expect_bad(R"({"x":{"dtype":1}})", "x.dtype must be a string");
  expect_bad(R"({"x":{"dtype":"F31"}})", "x.dtype is the unknown type \"F31\"");
  expect_bad(R"({"x":{"dtype":"F4"}})", "x.dtype is F4", ErrorCode::unsupported_model);
  expect_bad(R"({"x":{"dtype":"F32"}})", "x.shape is missing");
  expect_bad(R"({"x":{"dtype":"F32","shape":3}})", "x.shape must be an array");
  expect_bad(R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}})", "x.shape[0] must be between");
  expect_bad(R"({"x":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", "x.shape[0] must be an integer");
  expect_bad(R"({"x":{"dtype":"F32","shape":[1]}})", "x.data_offsets is missing");
  expect_bad(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", "x.data_offsets must be two numbers");
  expect_bad(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", "x.data_offsets must be two numbers");
  expect_bad(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "end before they begin");
  expect_bad(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})",
             "span 8 bytes, but shape and dtype ask for 4");
  expect_bad(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}})", "must be between");
  expect_bad(R"({"__metadata__":{"n":1}})", "__metadata__.n must be a string");
  expect_bad(R"({"__metadata__":[]})", "__metadata__ must be an object");
}

TEST(Safetensors, RefusesShapesBeyond64Bits) {
  expect_bad(R"({"x":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}})", "x.shape is more than");
  expect_bad(R"({"x":{"dtype":"I8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "x.shape is more than");
  const std::string large =
      R"({"x":{"dtype":"I8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}})";
  EXPECT_EQ(parse(large).value().data_size, 9223372036854775807u);
  EXPECT_TRUE(parse(R"({"x":{"dtype":"I8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}})").ok());
}

TEST(Safetensors, RefusesOverlapsAndHoles) {
  const auto two = [](int a_begin, int b_begin) {
    const auto tensor = [](int begin) {
      return R"({"dtype":"U8","shape":[4],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(begin + 4) +
             "]}";
    };
    return R"({"a":)" + tensor(a_begin) + R"(,"b":)" + tensor(b_begin) + "}";
  };
  EXPECT_TRUE(parse(two(0, 4)).ok());
  EXPECT_TRUE(parse(two(4, 0)).ok());
  expect_bad(two(0, 3), "tensor \"b\" begins at byte 3, inside the one before it, which ends at 4");
  expect_bad(two(0, 0), "inside the one before it");
  expect_bad(two(0, 5), "tensor \"b\" begins at byte 5, leaving a hole");
  expect_bad(two(1, 5), "tensor \"a\" begins at byte 1, leaving a hole");
}

TEST(Safetensors, RefusesANameThatIsThereTwice) {
  const std::string tensor = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  expect_bad(R"({"a":)" + tensor + R"(,"a":)" + tensor + "}", "the key \"a\" twice");
  expect_bad(R"({"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}})", "the key \"dtype\" twice");
  expect_bad(R"({"__metadata__":{},"__metadata__":{}})", "twice");
}

TEST(Safetensors, LimitsTheNumberOfTensors) {
  const auto header_with = [](size_t count) {
    std::string json = "{";
    for (size_t i = 0; i < count; ++i) {
      json += (i > 0 ? ",\"" : "\"") + std::to_string(i) + R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" +
              std::to_string(i) + "," + std::to_string(i + 1) + "]}";
    }
    return json + "}";
  };
  EXPECT_EQ(parse(header_with(65536)).value().tensors.size(), 65536u);
  expect_bad(header_with(65537), "more than the limit", ErrorCode::unsupported_model);
}

TEST(Safetensors, WritesWhatItReads) {
  std::vector<TensorInfo> tensors(3);
  tensors[0] = {.name = "quote \" slash \\ line \n", .dtype = DType::i8, .shape = {3, 5}};
  tensors[1] = {.name = "empty", .dtype = DType::f32, .shape = {0}};
  tensors[2] = {.name = "scalar", .dtype = DType::bf16, .shape = {}};
  const std::string head = make_safetensors_head(tensors);
  EXPECT_EQ(head.size() % 8, 0u);
  const SafetensorsHeader header = parse_safetensors_header(bytes_of(head)).value();
  EXPECT_EQ(header.data_begin, head.size());
  EXPECT_EQ(header.data_size, 17u);
  ASSERT_EQ(header.tensors.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(header.tensors[i].name, tensors[i].name);
    EXPECT_EQ(header.tensors[i].dtype, tensors[i].dtype);
    EXPECT_EQ(header.tensors[i].shape, tensors[i].shape);
    EXPECT_EQ(header.tensors[i].begin, tensors[i].begin);
    EXPECT_EQ(header.tensors[i].end, tensors[i].end);
  }
}

}  // namespace
}  // namespace latformer
