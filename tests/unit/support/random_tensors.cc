#include "tests/unit/support/random_tensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace latformer::testing {
namespace {

// Rounds to nearest, ties to even, by adjusting the mantissa in the wider type.
uint16_t bf16_of(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float from_bf16(uint16_t x) { return std::bit_cast<float>(uint32_t{x} << 16); }

// IEEE half by arithmetic: x = m * 2^e with 11 significant bits (fewer below 2^-14). No overflow, no NaN.
uint16_t f16_of(double x) {
  if (x == 0) return std::signbit(x) ? 0x8000 : 0;
  int exponent = 0;
  std::frexp(x, &exponent);
  const int unit = std::max(exponent - 11, -24);
  const auto units = static_cast<uint16_t>(std::abs(std::nearbyint(std::ldexp(x, -unit))));
  const auto sign = static_cast<uint16_t>(std::signbit(x) ? 0x8000 : 0);
  // units has 11 bits for normal numbers; adding them to the biased exponent - 1 sets the hidden bit's carry.
  return static_cast<uint16_t>(sign + ((unit + 24) << 10) + units);
}

double from_f16(uint16_t x) {
  const int exponent = (x >> 10) & 31;
  const int mantissa = x & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return (x & 0x8000) != 0 ? -magnitude : magnitude;
}

void put(std::vector<std::byte>& bytes, const void* data, size_t size) {
  if (size == 0) return;
  const size_t end = bytes.size();
  bytes.resize(end + size);
  std::memcpy(bytes.data() + end, data, size);
}

template <class T>
void put(std::vector<std::byte>& bytes, T value) {
  put(bytes, &value, sizeof(T));
}

}  // namespace

NamedTensor make_tensor(std::string name, DType dtype, std::vector<uint64_t> shape, const std::vector<double>& values) {
  NamedTensor tensor{.name = std::move(name), .dtype = dtype, .shape = std::move(shape), .values = {}, .bytes = {}};
  for (const double value : values) {
    switch (dtype) {
      case DType::f64:
        put(tensor.bytes, value);
        tensor.values.push_back(value);
        break;
      case DType::f32:
        put(tensor.bytes, static_cast<float>(value));
        tensor.values.push_back(static_cast<float>(value));
        break;
      case DType::f16:
        put(tensor.bytes, f16_of(value));
        tensor.values.push_back(from_f16(f16_of(value)));
        break;
      case DType::bf16:
        put(tensor.bytes, bf16_of(static_cast<float>(value)));
        tensor.values.push_back(from_bf16(bf16_of(static_cast<float>(value))));
        break;
      case DType::i64:
        put(tensor.bytes, static_cast<int64_t>(value));
        tensor.values.push_back(value);
        break;
      case DType::i8:
        put(tensor.bytes, static_cast<int8_t>(value));
        tensor.values.push_back(value);
        break;
      default:
        std::abort();
    }
  }
  return tensor;
}

void TensorMaker::matrix(const std::string& name, uint64_t rows, uint64_t columns, double deviation) {
  std::vector<double> values = normal(rows * columns, 0, deviation);
  if (dtype_ != DType::i8) return add(name, dtype_, {rows, columns}, values);
  std::vector<double> scales;
  for (uint64_t r = 0; r < rows; ++r) {
    double most = 1e-9;
    for (uint64_t c = 0; c < columns; ++c) most = std::max(most, std::abs(values[r * columns + c]));
    scales.push_back(static_cast<float>(most / 127));
    for (uint64_t c = 0; c < columns; ++c) {
      values[r * columns + c] = std::clamp(std::nearbyint(values[r * columns + c] / scales.back()), -127.0, 127.0);
    }
  }
  add(name, DType::i8, {rows, columns}, values);
  add(name + "_scale", DType::f32, {rows, 1}, scales);
}

void TensorMaker::vector(const std::string& name, uint64_t size, double mean, double deviation) {
  add(name, dtype_ == DType::i8 ? DType::f32 : dtype_, {size}, normal(size, mean, deviation));
}

void TensorMaker::norm(const std::string& name, uint64_t size) {
  vector(name + ".weight", size, 1, 0.2);
  vector(name + ".bias", size, 0, 0.2);
}

void TensorMaker::linear(const std::string& name, uint64_t out, uint64_t in, double gain) {
  matrix(name + ".weight", out, in, gain / std::sqrt(static_cast<double>(in)));
  vector(name + ".bias", out, 0, 0.1);
}

// Normal enough, and the same on every platform (std::normal_distribution is not).
std::vector<double> TensorMaker::normal(uint64_t count, double mean, double deviation) {
  std::vector<double> values(count);
  for (double& value : values) {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random_()) / 4294967296.0;
    value = mean + deviation * (sum - 6);
  }
  return values;
}

void TensorMaker::add(const std::string& name, DType dtype, std::vector<uint64_t> shape,
                      const std::vector<double>& values) {
  tensors_.push_back(make_tensor(name, dtype, std::move(shape), values));
}

std::vector<std::byte> safetensors_of(const std::vector<NamedTensor>& tensors) {
  std::string header = "{\"__metadata__\": {\"format\": \"pt\"}";
  uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    std::string shape;
    for (const uint64_t size : tensor.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
    header += ", \"" + tensor.name + "\": {\"dtype\": \"" + std::string(name_of(tensor.dtype)) + "\", \"shape\": [" +
              shape + "], \"data_offsets\": [" + std::to_string(offset) + ", " +
              std::to_string(offset + tensor.bytes.size()) + "]}";
    offset += tensor.bytes.size();
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');

  std::vector<std::byte> file;
  put(file, static_cast<uint64_t>(header.size()));
  put(file, header.data(), header.size());
  for (const NamedTensor& tensor : tensors) put(file, tensor.bytes.data(), tensor.bytes.size());
  return file;
}

NamedTensor& find(std::vector<NamedTensor>& tensors, const std::string& name) {
  for (NamedTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  std::abort();
}

}  // namespace latformer::testing
