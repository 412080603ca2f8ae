// Of LibTorch what most files here use, compiled once for all (CMakeLists.txt). Its own torch/torch.h brings three
// times as much, layers and data sets among it, and each file that includes it pays for that: 8 seconds instead of 2.
// What is used in few places is included there: optimizers, files, processes.
#pragma once

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
