// A hash of bytes that is built byte by byte, so that one pass over a text gives the hashes of everything it begins
// with:
//
//   hash(t b) = (hash(t) xor b) * prime        (FNV-1a, 64 bits)
//
// Texts that collide are easy to make: whoever hashes what comes from a file must bear that.
#pragma once

#include <cstdint>
#include <string_view>

namespace latformer {

inline constexpr uint64_t kEmptyHash = 14695981039346656037U;

constexpr uint64_t extend_hash(uint64_t hash, char byte) {
  return (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
}

constexpr uint64_t hash_of(std::string_view text) {
  uint64_t hash = kEmptyHash;
  for (const char byte : text) hash = extend_hash(hash, byte);
  return hash;
}

}  // namespace latformer
