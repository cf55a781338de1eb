// The mixture of experts' tests with Hopper's own form among the others; on the card:
//   backend-cuda-core/src/test/native/run --card backend-cuda-hopper/src/test/native/moe_hopper_test.cu
// sources: ../../../../backend-cuda-hopper/src/main/native/moe/moe.cu smxx/elementwise/add_norm.cu smxx/product/few_rows.cu smxx/product/many_rows.cu smxx/product/add_norm.cu ../../../../backend-cuda-hopper/src/main/native/product/*.cu
#define TENON_MOE_WARPGROUPS
#include "../../../../backend-cuda-core/src/test/native/moe_test.cu"
