# XNNPACK and pthreadpool, built from a list of sources of our own.
#
# XNNPACK's CMakeLists refuses Emscripten and compiles every micro-kernel of the processor family; ours builds the
# few that core/kernels/activation.cc reaches, for native x86-64 and aarch64 and for wasm. xnnpack/sources.cmake holds the
# list, xnnpack/select_sources.py finds it again when a function is added or XNNPACK moves on.
#
# Targets: XNNPACK, pthreadpool.

FetchContent_MakeAvailable(xnnpack pthreadpool fxdiv)
set(fxdiv_include ${fxdiv_SOURCE_DIR}/include)

# Which list and which of XNNPACK's instruction sets. The sets switched on are those that have kernels for our functions;
# hardware is asked at run time.
set(isas)
if(EMSCRIPTEN AND LATFORMER_RELAXED_SIMD)
  set(target wasm_relaxed)
elseif(EMSCRIPTEN)
  set(target wasm)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(target x86_64)
  set(isas AVX512F)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(target aarch64)
else()
  message(FATAL_ERROR "No list of XNNPACK sources for ${CMAKE_SYSTEM_PROCESSOR}; see third_party/xnnpack/select_sources.py")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/xnnpack/sources.cmake)
list(TRANSFORM XNNPACK_SOURCES_${target} PREPEND ${xnnpack_SOURCE_DIR}/ OUTPUT_VARIABLE sources)

# Third-party code is optimised in every configuration; sections let the linker drop what no operator reaches, and with
# it the mention of micro-kernels that are not built.
set(compile_options $<$<CONFIG:Debug>:-O2> -w -ffunction-sections -fdata-sections)

# pthreadpool: on WebAssembly it waits by futex, and pthreadpool/wasm_threads.c gives it threads.
set(pthreadpool_sources src/memory.c src/portable-api.c src/pthreads.c)
if(NOT target STREQUAL "aarch64")
  list(APPEND pthreadpool_sources src/fastpath.c)
  set(fastpath 1)
endif()
list(TRANSFORM pthreadpool_sources PREPEND ${pthreadpool_SOURCE_DIR}/)
add_library(pthreadpool STATIC ${pthreadpool_sources})
target_include_directories(pthreadpool SYSTEM PUBLIC ${pthreadpool_SOURCE_DIR}/include PRIVATE ${fxdiv_include})
target_compile_definitions(pthreadpool PRIVATE PTHREADPOOL_USE_CPUINFO=0 PTHREADPOOL_USE_FASTPATH=$<BOOL:${fastpath}>)
target_compile_options(pthreadpool PRIVATE ${compile_options})
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

add_library(XNNPACK STATIC ${sources})
set_target_properties(XNNPACK PROPERTIES C_STANDARD 11 CXX_STANDARD 17 C_EXTENSIONS ON)
# LibTorch (core/train) brings XNNPACK and pthreadpool too, of other versions: neither may see the other's.
set_target_properties(XNNPACK pthreadpool PROPERTIES C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden)
# xnnpack/include holds what XNNPACK would take from elsewhere: cpuinfo.h.
target_include_directories(XNNPACK BEFORE PRIVATE ${CMAKE_CURRENT_LIST_DIR}/xnnpack/include)
target_include_directories(XNNPACK SYSTEM PUBLIC ${xnnpack_SOURCE_DIR}/include PRIVATE ${xnnpack_SOURCE_DIR}/src
                           ${fxdiv_include})
# core/kernels/activation.cc alone looks below XNNPACK's public interface (the unary operators pull in every function).
set_target_properties(XNNPACK PROPERTIES LATFORMER_INTERNAL_INCLUDE ${xnnpack_SOURCE_DIR}/src)
# It calls kernels through pointers of other types and loads unaligned vectors on purpose: undefined, and what it lives by.
target_compile_options(XNNPACK PRIVATE ${compile_options} -fno-math-errno -fno-sanitize=undefined)
if(LATFORMER_FUZZ)
  # Coverage counters would keep every function, also those that name kernels which are not built.
  target_compile_options(XNNPACK PRIVATE -fno-sanitize=fuzzer-no-link)
endif()
target_link_libraries(XNNPACK PUBLIC pthreadpool)
if(NOT EMSCRIPTEN)
  target_link_libraries(XNNPACK PUBLIC m)
  if(APPLE)
    target_link_options(XNNPACK INTERFACE -Wl,-dead_strip)
  else()
    target_link_options(XNNPACK INTERFACE -Wl,--gc-sections)
  endif()
endif()

# Everything that XNNPACK can switch on, off unless named in `isas` or below.
set(switches
    ARM_BF16 ARM_DOTPROD ARM_FP16_SCALAR ARM_FP16_VECTOR ARM_I8MM ARM_SME ARM_SME2 ASSEMBLY AVX256SKX AVX256VNNI
    AVX256VNNIGFNI AVX512AMX AVX512F AVX512FP16 AVX512SKX AVX512VBMI AVX512VNNI AVX512VNNIGFNI AVXVNNI AVXVNNIINT8 CPUINFO
    DWCONV_MULTIPASS GEMM_M_SPECIALIZATION HVX JIT KLEIDIAI MEMOPT RISCV_FP16_VECTOR RISCV_VECTOR SPARSE VSX)
set(on ${isas} GEMM_M_SPECIALIZATION MEMOPT)
if(NOT EMSCRIPTEN)
  list(APPEND on CPUINFO)
endif()
foreach(switch IN LISTS switches)
  if(switch IN_LIST on)
    target_compile_definitions(XNNPACK PRIVATE XNN_ENABLE_${switch}=1)
  else()
    target_compile_definitions(XNNPACK PRIVATE XNN_ENABLE_${switch}=0)
  endif()
endforeach()
target_compile_definitions(XNNPACK PRIVATE XNN_LOG_LEVEL=0 XNN_MAX_UARCH_TYPES=1)

# Compiler flags of each instruction set, for the files that XNNPACK's own lists count to it.
function(latformer_xnnpack_flags isa)
  string(TOUPPER ${isa} upper)
  include(${xnnpack_SOURCE_DIR}/cmake/gen/${isa}_microkernels.cmake)
  foreach(file IN LISTS ALL_${upper}_MICROKERNEL_SRCS)
    if(file IN_LIST XNNPACK_SOURCES_${target})
      set_property(SOURCE ${xnnpack_SOURCE_DIR}/${file} APPEND PROPERTY COMPILE_OPTIONS ${ARGN})
    endif()
  endforeach()
endfunction()

if(target STREQUAL "x86_64")
  latformer_xnnpack_flags(avx -mavx)
  latformer_xnnpack_flags(fma3 -mf16c -mfma)
  latformer_xnnpack_flags(avx512f -mavx512f)
endif()
