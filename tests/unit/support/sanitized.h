// Whether a sanitizer watches each access, which makes minutes of seconds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LATFORMER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LATFORMER_SANITIZED 1
#endif
#endif

namespace latformer::testing {

#ifdef LATFORMER_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Of many cases that are alike, every so manieth: what a sanitizer finds, it finds there.
inline constexpr size_t kCaseStep = kSanitized ? 10 : 1;

}  // namespace latformer::testing
