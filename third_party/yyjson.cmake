# yyjson 0.10.0: a strict and fast JSON reader.
FetchContent_Declare(yyjson
  GIT_REPOSITORY https://github.com/ibireme/yyjson.git
  GIT_TAG        9ddba001a4ea88e93b46932e5c5b87b222e19a5f # 0.10.0
  SOURCE_SUBDIR  not-its-own-cmake
)
FetchContent_MakeAvailable(yyjson)

add_library(yyjson STATIC ${yyjson_SOURCE_DIR}/src/yyjson.c)
target_include_directories(yyjson SYSTEM PUBLIC ${yyjson_SOURCE_DIR}/src)
target_compile_definitions(yyjson PUBLIC YYJSON_DISABLE_UTILS=1 YYJSON_DISABLE_NON_STANDARD=1)
