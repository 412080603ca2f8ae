// What Unicode's normal forms know beside the canonical decomposition (unicode.h), of the version that Hugging Face's
// normalizers have (generate_normal_forms.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace latformer::unicode {

inline constexpr size_t kMaxCompatible = 18;

// Full compatibility decomposition of `c` into `out`; its length, 1 (and `c` itself) where there is none.
size_t decompose_compatible(char32_t c, char32_t out[kMaxCompatible]);

// The character that is `a` and `b` together; 0: there is none.
char32_t compose(char32_t a, char32_t b);

// Whether `c` is a mark: nonspacing, spacing or enclosing.
bool is_mark(char32_t c);

// Sorts a row of combining marks by their class, equal ones as they came. A mark: class << 24, code point in the lower
// 21 bits, and what a caller likes between them. Linear: a text may be one endless row of marks.
void sort_marks(std::vector<uint32_t>& marks);

}  // namespace latformer::unicode
