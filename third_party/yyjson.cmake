# yyjson: a strict and fast JSON reader.
FetchContent_MakeAvailable(yyjson)

add_library(yyjson STATIC ${yyjson_SOURCE_DIR}/src/yyjson.c)
target_include_directories(yyjson SYSTEM PUBLIC ${yyjson_SOURCE_DIR}/src)
target_compile_definitions(yyjson PUBLIC YYJSON_DISABLE_UTILS=1 YYJSON_DISABLE_NON_STANDARD=1)
if(EMSCRIPTEN)
  # As SMALL in core/CMakeLists.txt. Otherwise all of the reader is one function of 70 KB, which V8 compiles for tens of
  # milliseconds; its own reader of floats is half of what reads any number, and files have few.
  target_compile_options(yyjson PRIVATE -Oz)
  target_compile_definitions(yyjson PRIVATE yyjson_inline=inline YYJSON_DISABLE_FAST_FP_CONV=1)
endif()
