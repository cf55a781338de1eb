// Which tiles the form for many rows uses, and into how many parts it splits the inputs.
#ifndef TENON_PRODUCT_PLAN_H
#define TENON_PRODUCT_PLAN_H

#include <algorithm>

#include "product.h"

namespace tenon::product {

// A block's outputs × rows. The rates are an H100's: they need to be right about each other only.
struct Tile {
  int outputs, rows;
  int blocks;    // that fit on a multiprocessor
  double flops;  // per microsecond of a multiprocessor that is full
  double alone;  // what share of that one block reaches
};
enum Size { NARROW, SMALL, MIDDLE, LARGE, SIZES };
constexpr Tile kTiles[SIZES] = {{64, 32, 2, 1.8e6, 0.55}, {64, 64, 2, 3.0e6, 0.45}, {128, 128, 2, 3.0e6, 0.65}, {256, 128, 1, 2.5e6, 1}};

struct Plan {
  int size;  // of the tiles
  int parts;
  double micros;
};

inline int64_t partial_bytes(const tenon_product& p, int parts) {
  return parts == 1 ? 0 : int64_t(parts) * p.max_rows * tiles(p) * 16 * 4;
}

// An estimate in microseconds, but for what every kernel takes.
inline double micros(const tenon_product& p, Tile tile, int parts) {
  constexpr int kProcessors = 132;
  constexpr double kCacheBytes = 4.5e6, kMemoryBytes = 4.2e6;  // per µs
  const double element = p.weights.type == TENON_E4M3 ? 1 : 2;
  const double inputs = (stretches(p) + parts - 1) / parts * 128.0;
  const int64_t blocks = (p.weights.outputs + tile.outputs - 1) / tile.outputs * ((p.max_rows + tile.rows - 1) / tile.rows) * parts;
  const int together = static_cast<int>(std::min<int64_t>(tile.blocks, (blocks + kProcessors - 1) / kProcessors));
  const int64_t waves = (blocks + int64_t(kProcessors) * together - 1) / (int64_t(kProcessors) * together);
  const double rate = tile.flops * (together == tile.blocks ? 1 : tile.alone);
  const double computing = waves * together * 2.0 * tile.outputs * tile.rows * inputs / rate;
  const double caches = blocks * inputs * (tile.outputs * element + tile.rows * 2.0) / kCacheBytes;
  const double memory = p.weights.outputs * double(p.weights.inputs) * element / kMemoryBytes;
  const double joining = parts == 1 ? 0 : 1.5 + 0.4 * parts + 3.0 * partial_bytes(p, parts) / kCacheBytes;
  return std::max({computing, caches, memory}) + joining;
}

// The fastest of some tiles. A smaller work space means fewer parts.
inline Plan fastest(const tenon_product& p, const Tile* tiles, int count, int64_t workspace_bytes) {
  Plan best = {0, 1, micros(p, tiles[0], 1)};
  for (int size = 0; size < count; size++) {
    for (int parts = 1; parts <= 8 && (parts == 1 || parts * 2 <= stretches(p)); parts *= 2) {
      if (partial_bytes(p, parts) > workspace_bytes) break;
      const double estimate = micros(p, tiles[size], parts);
      if (estimate < best.micros) best = {size, parts, estimate};
    }
  }
  return best;
}

inline Plan plan(const tenon_product& p, int64_t workspace_bytes) { return fastest(p, kTiles, SIZES, workspace_bytes); }

// The form for many rows with a plan of the caller's; its work space must be large enough.
int launch_many_rows(const tenon_product& p, Plan plan, void* stream);
// y = the parts' sums in the work space, added in their order, unless the product stays unfinished.
int launch_join(const tenon_product& p, int parts, void* stream);
// The same where they join the residual stream; parts as the product was launched with.
int launch_add_norm(const tenon_product_add_norm& p, int parts, void* stream);

}  // namespace tenon::product
#endif
