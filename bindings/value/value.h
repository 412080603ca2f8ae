// Values of JavaScript in C++, for whatever the core is bound to it by: WebAssembly (embind) or Node-API.
//
//   val                       any value; has object(), array(), null(), undefined(), set(name or index, value), [name],
//                             isUndefined() and as<double | bool | std::string>()
//   numbers_in, strings_in    of an array
//   typed_array(values)       an array of JavaScript's own (Float32Array, Uint32Array, Uint8Array, ...) with a copy
//   Block                     bytes that JavaScript fills and C++ reads, which stay in their place when it is moved:
//     reserve(size)             room for so many; what was in it may be lost. Errors: out_of_memory
//     view(size)                a Uint8Array over them; fill it before anything else is called
//     data(), size()            what there is room for
#pragma once

#ifdef LATFORMER_NODE_API  // bindings/addon/CMakeLists.txt
#include "bindings/value/node.h"
#else
#include "bindings/value/wasm.h"
#endif
