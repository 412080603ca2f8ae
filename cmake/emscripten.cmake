# CMake toolchain file of the wasm presets: hands over to the toolchain file of whichever Emscripten there is. In this
# order: the one EMSDK points at, an emcc on the PATH, the one that `npm start` has put into .toolchain/emscripten.
if(DEFINED ENV{EMSDK} AND EXISTS "$ENV{EMSDK}/upstream/emscripten")
  set(root "$ENV{EMSDK}/upstream/emscripten")
else()
  find_program(LATFORMER_EMCC emcc)
  if(LATFORMER_EMCC)
    file(REAL_PATH "${LATFORMER_EMCC}" emcc)
    cmake_path(GET emcc PARENT_PATH root)
  else()
    cmake_path(SET root NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../.toolchain/emscripten/root/usr/share/emscripten")
  endif()
endif()

if(NOT EXISTS "${root}/cmake/Modules/Platform/Emscripten.cmake")
  message(FATAL_ERROR "No Emscripten at ${root}: run `npm start`, which sets it up, or install it from https://emscripten.org")
endif()
include("${root}/cmake/Modules/Platform/Emscripten.cmake")
