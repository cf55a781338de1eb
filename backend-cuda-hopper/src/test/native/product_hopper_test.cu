// The product's tests with Hopper's own form among the others; on the card:
//   backend-cuda-core/src/test/native/run --card backend-cuda-hopper/src/test/native/product_hopper_test.cu
// sources: smxx/product/pack.cu smxx/product/few_rows.cu smxx/product/many_rows.cu smxx/product/add_norm.cu smxx/elementwise/fill.cu smxx/elementwise/add_norm.cu ../../../../backend-cuda-hopper/src/main/native/product/*.cu
#define TENON_TEST_WARPGROUP
#include "../../../../backend-cuda-core/src/test/native/product_test.cu"
