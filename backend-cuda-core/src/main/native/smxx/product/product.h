// The two forms of the product and the choice between them.
//
//   few rows    up to 8 rows, or up to 512 of up to 128 outputs: weights stream into registers, one tile of 16 outputs per block
//   many rows   any number: tiles of outputs × rows on the tensor cores, the inputs split where tiles are few
#ifndef TENON_PRODUCT_H
#define TENON_PRODUCT_H

#include "../../abi/kernel_table.h"

namespace tenon::product {

constexpr int kMostFewRows = 8;
// Of so few outputs the weights may be read again for every 8 rows: that is sooner done than parts of sums are joined.
constexpr int kFewTiles = 8, kMostRowsOfFewTiles = 512;

inline int tiles(const tenon_product& p) { return static_cast<int>((p.weights.outputs + 15) / 16); }
inline int stretches(const tenon_product& p) { return static_cast<int>((p.weights.inputs + 127) / 128); }

// Whether the form for few rows can take it: its rows must fit into shared memory.
bool few_rows_fit(const tenon_product& p);
int launch_few_rows(const tenon_product& p, void* stream);

}  // namespace tenon::product
#endif
