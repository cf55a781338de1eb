// The mixture of experts' tests with Hopper's own form among the others; on the card:
//   backend-cuda-core/src/test/native/run --card backend-cuda-hopper/src/test/native/moe_hopper_test.cu
// sources: ../../../../backend-cuda-hopper/src/main/native/moe/moe.cu smxx/elementwise/add_norm.cu
#define TENON_MOE_WARPGROUPS
#include "../../../../backend-cuda-core/src/test/native/moe_test.cu"
