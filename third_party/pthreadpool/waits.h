// How often a thread of a pool looks for what it waits for before it sleeps: put in front of pthreadpool's sources
// (xnnpack.cmake), whose own count is 1,000,000.
//
// A look takes 10 to 50 nanoseconds. Between two operations of a model lie some ten microseconds, which are cheaper
// looked away than slept. Whoever waits for longer waits for a thread that the machine has no processor for, and
// looking would keep that thread from it. Two threads on two processors with 25 to run, 110 tokens, in WebAssembly:
//
//   looks      1,000,000   20,000   2,000    100   one thread
//   CPU ms            97       56      55     55           48
//   ms               544      323     336    330          288
#pragma once

#include "threadpool-common.h"

#undef PTHREADPOOL_SPIN_WAIT_ITERATIONS
#define PTHREADPOOL_SPIN_WAIT_ITERATIONS 2000
