// Joins the columns that ranks gathered: part after part becomes row after row.
#include "../../abi/kernel_table.h"
#include "../entry_points.h"
#include "pieces.cuh"

namespace {

using namespace tenon;

constexpr int kThreads = 256, kPiecesEach = 4;

// part_columns and columns in pieces
template <typename Piece>
__global__ void __launch_bounds__(kThreads)
    join_columns(const int32_t* count, int64_t max_rows, int part_columns, int columns, const Piece* in, Piece* out) {
  release_successor();
  wait_for_predecessor();
  const int64_t row = blockIdx.x;
  if (row >= *count) return;
#pragma unroll
  for (int i = 0; i < kPiecesEach; i++) {
    const int column = (blockIdx.y * kPiecesEach + i) * kThreads + threadIdx.x;
    if (column < columns) {
      const int part = column / part_columns;
      out[row * columns + column] = in[(part * max_rows + row) * part_columns + column - part * part_columns];
    }
  }
}

template <typename Piece>
int join(const tenon_join_columns& p, void* stream) {
  const int part_columns = static_cast<int>(p.part_columns * p.element_bytes / sizeof(Piece));
  const int columns = static_cast<int>(p.columns * p.element_bytes / sizeof(Piece));
  const unsigned across = static_cast<unsigned>((columns + kThreads * kPiecesEach - 1) / (kThreads * kPiecesEach));
  return enqueue(join_columns<Piece>, dim3(static_cast<unsigned>(p.max_rows), across), kThreads, 0, stream, Start::EARLY,
                 reinterpret_cast<const int32_t*>(p.count), p.max_rows, part_columns, columns, reinterpret_cast<const Piece*>(p.in),
                 reinterpret_cast<Piece*>(p.out));
}

}  // namespace

int tenon_join_columns_launch(const void* params, void* stream) {
  const tenon_join_columns& p = *static_cast<const tenon_join_columns*>(params);
  if ((p.element_bytes != 2 && p.element_bytes != 4) || p.part_columns < 1) return cudaErrorInvalidValue;
  if (p.max_rows == 0 || p.columns == 0) return cudaSuccess;
  // the widest piece that all rows of both sides are made of
  const int64_t all = p.in | p.out | p.part_columns * p.element_bytes | p.columns * p.element_bytes;
  return all % 16 == 0 ? join<uint4>(p, stream) : all % 4 == 0 ? join<uint32_t>(p, stream) : join<uint16_t>(p, stream);
}
