// How long a thread of a pool looks again and again for what it waits for before it sleeps. Put in front of pthreadpool's
// sources (xnnpack.cmake), whose own count is 1,000,000 looks.
//
// Between two operations of a model lie some ten microseconds, which are cheaper looked away than slept. More than
// that is only waited for a thread that the machine has no processor for: whoever looks on then takes one away from it.
#pragma once

#include "threadpool-common.h"

#undef PTHREADPOOL_SPIN_WAIT_ITERATIONS
#ifndef LATFORMER_SPINS
#define LATFORMER_SPINS 20000
#endif
#define PTHREADPOOL_SPIN_WAIT_ITERATIONS LATFORMER_SPINS
