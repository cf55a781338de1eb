// Which tiles the form for many rows uses, and into how many parts it splits the inputs.
#ifndef TENON_PRODUCT_PLAN_H
#define TENON_PRODUCT_PLAN_H

#include <algorithm>

#include "product.h"

namespace tenon::product {

// A block's outputs × rows; the names order them by size.
struct Tile {
  int outputs, rows;
  int blocks;  // that fit on a multiprocessor
};
enum Size { NARROW, SMALL, MIDDLE, LARGE, SIZES };
constexpr Tile kTiles[SIZES] = {{64, 32, 2}, {64, 64, 2}, {128, 128, 2}, {256, 128, 1}};

struct Plan {
  Size size;
  int parts;
};

inline int64_t partial_bytes(const tenon_product& p, int parts) {
  return parts == 1 ? 0 : int64_t(parts) * p.max_rows * tiles(p) * 16 * 4;
}

// An estimate in microseconds for a tile whose multiprocessor does `flops` per microsecond when it is full. The rates are
// an H200's: they need to be right about each other only.
inline double micros(const tenon_product& p, Tile tile, double flops, int parts) {
  constexpr int kProcessors = 132;
  constexpr double kCacheBytes = 4.5e6, kMemoryBytes = 4.2e6;  // per µs
  const double element = p.weights.type == TENON_E4M3 ? 1 : 2;
  const double inputs = (stretches(p) + parts - 1) / parts * 128.0;
  const int64_t blocks = (p.weights.outputs + tile.outputs - 1) / tile.outputs * ((p.max_rows + tile.rows - 1) / tile.rows) * parts;
  const int together = static_cast<int>(std::min<int64_t>(tile.blocks, (blocks + kProcessors - 1) / kProcessors));
  const int64_t waves = (blocks + int64_t(kProcessors) * together - 1) / (int64_t(kProcessors) * together);
  // a single small block leaves the tensor cores idle now and then
  const double rate = flops * (together == tile.blocks ? 1 : 0.6);
  const double computing = waves * together * 2.0 * tile.outputs * tile.rows * inputs / rate;
  const double caches = blocks * inputs * (tile.outputs * element + tile.rows * 2.0) / kCacheBytes;
  const double memory = p.weights.outputs * double(p.weights.inputs) * element / kMemoryBytes;
  const double joining = parts == 1 ? 0 : 1.5 + 2.0 * partial_bytes(p, parts) / kCacheBytes;
  return std::max({computing, caches, memory}) + joining;
}

// Narrow tiles dequantise for too few rows to keep up.
inline double micros(const tenon_product& p, Size size, int parts) {
  return micros(p, kTiles[size], size == NARROW ? 1.8e6 : 3.0e6, parts);
}

inline Plan plan(const tenon_product& p, int64_t workspace_bytes) {
  Plan best = {NARROW, 1};
  double least = micros(p, NARROW, 1);
  for (int size = NARROW; size < SIZES; size++) {
    for (int parts = 1; parts <= 8 && (parts == 1 || parts * 2 <= stretches(p)); parts *= 2) {
      if (partial_bytes(p, parts) > workspace_bytes) break;
      const double estimate = micros(p, static_cast<Size>(size), parts);
      if (estimate < least) {
        least = estimate;
        best = {static_cast<Size>(size), parts};
      }
    }
  }
  return best;
}

// The form for many rows with a plan of the caller's; its work space must be large enough.
int launch_many_rows(const tenon_product& p, Plan plan, void* stream);
// y = the parts' sums in the work space, added in their order, unless the product stays unfinished.
int launch_join(const tenon_product& p, int parts, void* stream);
// The same where they join the residual stream; parts as the product was launched with.
int launch_add_norm(const tenon_product_add_norm& p, int parts, void* stream);

}  // namespace tenon::product
#endif
