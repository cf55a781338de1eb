// Rows of bf16 become E4M3, for products with weights of that type.
#ifndef TENON_PRODUCT_QUANTISE_ROWS_H
#define TENON_PRODUCT_QUANTISE_ROWS_H

#include <stdint.h>

namespace tenon::product {

// Rows to quantise: inputs and stride are multiples of 8, x of 16 bytes.
struct RowsToQuantise {
  int64_t x;       // bf16 [max_rows][stride]
  int64_t stride;
  int inputs;
  int max_rows;
  int64_t count;   // address of an int32, the number of rows
  int64_t to;      // E4M3 [max_rows][stretches · 128], in the form of device/quantise.cuh
  int64_t scales;  // f32 [max_rows][stretches]
};

int launch_quantise_rows(const RowsToQuantise& rows, void* stream);

}  // namespace tenon::product
#endif
