// The end of sampling: what is accepted, how slots advance, which rows are drafted for.
#ifndef TENON_STEP_ACCEPT_H
#define TENON_STEP_ACCEPT_H

#include "../../abi/step_kernels.h"

namespace tenon::step {

int enqueue_accept(const tenon_sample& params, void* stream);

}  // namespace tenon::step
#endif
