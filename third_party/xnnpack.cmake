# XNNPACK and pthreadpool, built from a list of sources of our own.
#
# XNNPACK's CMakeLists refuses Emscripten and compiles every micro-kernel of the processor family; ours builds the
# few that core/kernels/micro/xnnpack.cc names, for native x86-64 and aarch64 and for wasm: xnnpack/sources.cmake.
#
# Targets: XNNPACK, pthreadpool; XNNPACK_bench (what bench/xnnpack.cc compares with).

FetchContent_MakeAvailable(xnnpack pthreadpool fxdiv)
set(fxdiv_include ${fxdiv_SOURCE_DIR}/include)

if(EMSCRIPTEN AND LATFORMER_RELAXED_SIMD)
  set(target wasm_relaxed)
elseif(EMSCRIPTEN)
  set(target wasm)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(target x86_64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(target aarch64)
else()
  message(FATAL_ERROR "No list of XNNPACK sources for ${CMAKE_SYSTEM_PROCESSOR} in third_party/xnnpack/sources.cmake")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/xnnpack/sources.cmake)
list(TRANSFORM XNNPACK_SOURCES_${target} PREPEND ${xnnpack_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
list(TRANSFORM XNNPACK_BENCH_SOURCES_${target} PREPEND ${xnnpack_SOURCE_DIR}/ OUTPUT_VARIABLE bench_sources)

# Third-party code is optimised in every configuration; sections let the linker drop what nothing reaches.
set(compile_options $<$<CONFIG:Debug>:-O2> -w -ffunction-sections -fdata-sections)

# pthreadpool: it looks on for less long before it sleeps (pthreadpool/waits.h). On WebAssembly it waits by futex, and
# pthreadpool/wasm_threads.c gives it threads.
set(pthreadpool_sources src/memory.c src/portable-api.c src/pthreads.c)
if(NOT target STREQUAL "aarch64")
  list(APPEND pthreadpool_sources src/fastpath.c)
  set(fastpath 1)
endif()
list(TRANSFORM pthreadpool_sources PREPEND ${pthreadpool_SOURCE_DIR}/)
add_library(pthreadpool STATIC ${pthreadpool_sources})
target_include_directories(pthreadpool SYSTEM PUBLIC ${pthreadpool_SOURCE_DIR}/include PRIVATE ${fxdiv_include})
target_compile_definitions(pthreadpool PRIVATE PTHREADPOOL_USE_CPUINFO=0 PTHREADPOOL_USE_FASTPATH=$<BOOL:${fastpath}>)
target_compile_options(pthreadpool PRIVATE ${compile_options}
  -include ${CMAKE_CURRENT_LIST_DIR}/pthreadpool/waits.h -I${pthreadpool_SOURCE_DIR}/src)
if(EMSCRIPTEN)
  target_sources(pthreadpool PRIVATE ${CMAKE_CURRENT_LIST_DIR}/pthreadpool/wasm_threads.c)
  target_include_directories(pthreadpool INTERFACE ${CMAKE_CURRENT_LIST_DIR}/pthreadpool)
  target_compile_definitions(pthreadpool PRIVATE PTHREADPOOL_USE_CONDVAR=0 PTHREADPOOL_USE_FUTEX=1)
  foreach(name pthread_create pthread_join emscripten_futex_wait emscripten_futex_wake)
    target_compile_definitions(pthreadpool PRIVATE ${name}=latformer_${name})
  endforeach()
else()
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
  target_link_libraries(pthreadpool PUBLIC Threads::Threads)
endif()

# LibTorch (core/train) brings XNNPACK and pthreadpool too, of other versions: neither may see the other's.
set_target_properties(pthreadpool PROPERTIES C_VISIBILITY_PRESET hidden)
function(latformer_xnnpack name)
  add_library(${name} STATIC ${ARGN})
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_EXTENSIONS ON C_VISIBILITY_PRESET hidden)
  target_include_directories(${name} SYSTEM PUBLIC ${xnnpack_SOURCE_DIR}/include ${xnnpack_SOURCE_DIR}/src)
  # It loads unaligned vectors on purpose: undefined, and what it lives by.
  target_compile_options(${name} PRIVATE ${compile_options} -fno-math-errno -fno-sanitize=undefined)
  target_compile_definitions(${name} PUBLIC XNN_ENABLE_AVX512F=1 XNN_ENABLE_AVX512VNNI=1) # its headers ask
  target_link_libraries(${name} PUBLIC pthreadpool)
endfunction()
latformer_xnnpack(XNNPACK ${sources})
if(bench_sources)
  latformer_xnnpack(XNNPACK_bench EXCLUDE_FROM_ALL ${bench_sources})
endif()

# Compiler flags of each instruction set, for the files that XNNPACK's own lists count to it.
function(latformer_xnnpack_flags isa)
  string(TOUPPER ${isa} upper)
  include(${xnnpack_SOURCE_DIR}/cmake/gen/${isa}_microkernels.cmake)
  foreach(file IN LISTS ALL_${upper}_MICROKERNEL_SRCS)
    if(file IN_LIST XNNPACK_SOURCES_${target} OR file IN_LIST XNNPACK_BENCH_SOURCES_${target})
      set_property(SOURCE ${xnnpack_SOURCE_DIR}/${file} APPEND PROPERTY COMPILE_OPTIONS ${ARGN})
    endif()
  endforeach()
endfunction()

if(target STREQUAL "x86_64")
  latformer_xnnpack_flags(avx -mavx)
  latformer_xnnpack_flags(fma3 -mf16c -mfma)
  latformer_xnnpack_flags(avx2 -mf16c -mfma -mavx2)
  latformer_xnnpack_flags(avx512f -mavx512f)
  latformer_xnnpack_flags(avx512vnni
                          -mf16c -mfma -mavx512f -mavx512cd -mavx512bw -mavx512dq -mavx512vl -mavx512vnni)
endif()
