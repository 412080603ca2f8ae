// What fuzz targets of whole model folders share: weights for a header, and a loader that gets them in parts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "core/format/safetensors.h"
#include "tests/fuzz/fuzz.h"

namespace latformer::fuzz {

inline constexpr uint64_t kMostValues = 1 << 17;  // of a model that is made for a config.json
inline constexpr uint64_t kMostBytes = 1 << 20;   // of one whose header is given
inline constexpr uint64_t kMostOutputs = 4096;    // positions, labels, ... of either, so that a run stays short

// A part of the input: empty stands for `otherwise`, "-" for no file.
inline std::string_view or_default(std::string_view part, std::string_view otherwise) {
  return part.empty() ? otherwise : part == "-" ? std::string_view() : part;
}

inline bool has(std::string_view options, char option) { return options.find(option) != std::string_view::npos; }

// How the weights of a model are stored: h f16, b bf16, q int8, else f32.
inline DType stored_as(std::string_view options) {
  return has(options, 'h') ? DType::f16 : has(options, 'b') ? DType::bf16 : has(options, 'q') ? DType::i8 : DType::f32;
}

// A header that was given, with as many bytes of weights as it says.
inline std::vector<std::byte> weights_for(std::string_view header) {
  std::vector<std::byte> file;
  for (size_t i = 0; i < 8; ++i) file.push_back(static_cast<std::byte>(uint64_t{header.size()} >> (8 * i)));
  const std::span<const std::byte> bytes = std::as_bytes(std::span(header));
  file.insert(file.end(), bytes.begin(), bytes.end());
  const Result<SafetensorsHeader> parsed = parse_safetensors_header(file);
  if (!parsed.ok()) return file;
  file.resize(file.size() + std::min(parsed->data_size, kMostBytes), std::byte{60});  // 0.0117 as f32, 1.06 as f16
  return file;
}

// The bytes of weights become noise, NaN among them.
inline void make_noise(std::vector<std::byte>& weights) {
  std::mt19937 random(5);
  const Result<SafetensorsHeader> header = parse_safetensors_header(weights);
  for (size_t i = header.ok() ? header->data_begin : weights.size(); i < weights.size(); ++i) {
    weights[i] = static_cast<std::byte>(random());
  }
}

// Gives the loader all of it, 4^n bytes at a time where `options` has the digit n. Whether the loader took them.
template <class Loader>
bool append(Loader& loader, std::span<const std::byte> weights, std::string_view options) {
  size_t part = weights.size();
  for (char digit = '0'; digit <= '9'; ++digit) {
    if (has(options, digit)) part = size_t{1} << (2 * (digit - '0'));
  }
  // Of parts so small that there would be very many only the header's are that small.
  for (size_t begin = 0; begin < weights.size();) {
    const size_t size = std::min(begin < 4096 ? part : std::max<size_t>(part, 1021), weights.size() - begin);
    const Status status = loader.append(weights.subspan(begin, size));
    require_sound(status);
    if (!status.ok()) return false;
    begin += size;
  }
  return true;
}

}  // namespace latformer::fuzz
