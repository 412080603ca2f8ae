#include "core/kernels/micro/function_constants.h"

#include "core/kernels/micro/quantize.h"

namespace latformer::kernels {

const FunctionConstants kFunctionConstants = {
    .round = kRound,
    .low_bits_of = {0x0F0F0F0F, 0x000F000F},
    .exp = {.least = -80.0F,
            .log2_e = 1.44269504F,
            .minus_ln2 = {-0.693359375F, 2.12194440e-4F},
            .factors = {1.0F, 1.0F, 0.4999923F, 0.16667114F, 0.041890133F, 0.008312531F}},
    .erf = {.most = 5.24F,
            .half = 0.5F,
            .p = {0.7978836F, 0.10414234F, 0.011398906F, 0.00068326225F, 1.2529907e-05F},
            .q = {1.0F, 0.2971824F, 0.03883021F, 0.002863528F, 0.0001225368F, 5.29837e-07F}},
};

}  // namespace latformer::kernels
