# Compiler options that must be the same for everything in one build, third parties included.

if(LATFORMER_SANITIZE)
  # No vptr check: the core is compiled without run-time type information.
  add_compile_options(-fsanitize=${LATFORMER_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LATFORMER_SANITIZE})
  if(LATFORMER_SANITIZE STREQUAL "thread")
    add_compile_definitions(LATFORMER_THREAD_SANITIZER)
  endif()
endif()

if(EMSCRIPTEN)
  # SIMD is in every engine since 2023, atomics and bulk memory before it; with them the same object files serve a binary
  # with threads and one without (bindings/CMakeLists.txt). Exceptions (of std::bad_alloc alone: our code throws nothing)
  # use the engine's own, so that bindings/ can turn them into out_of_memory; every object file has to be compiled so.
  add_compile_options(-msimd128 -matomics -mbulk-memory -fwasm-exceptions)
  add_link_options(-fwasm-exceptions)
  if(LATFORMER_RELAXED_SIMD)
    add_compile_options(-mrelaxed-simd)
  endif()
endif()

# The addon takes the same object files (bindings/addon), so they can lie anywhere; hidden, that costs no speed.
if(LATFORMER_NATIVE AND NOT LATFORMER_TRAIN)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  set(CMAKE_C_VISIBILITY_PRESET hidden)
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
endif()

# For our own targets only.
add_library(latformer_warnings INTERFACE)
target_compile_options(latformer_warnings INTERFACE -Wall -Wextra $<$<BOOL:${LATFORMER_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(latformer_warnings INTERFACE -Wno-restrict)  # GCC bug 105651: false alarms in std::string
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_UNITY_BUILD)
  # It takes the sources that are put together for headers, whose unnamed namespaces would differ from file to file.
  target_compile_options(latformer_warnings INTERFACE -Wno-subobject-linkage)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT EMSCRIPTEN)
  # Clang blames whoever uses std::stable_partition for what libstdc++ 12 does inside it.
  target_compile_options(latformer_warnings INTERFACE -Wno-deprecated-declarations)
endif()

# ccache has to be told that macros in a precompiled header do not count, and Clang that its age does not.
function(latformer_cache_precompiled target)
  if(CCACHE_PROGRAM)
    set(sloppiness CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime)
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;${sloppiness};${CCACHE_PROGRAM}")
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  endif()
endfunction()
