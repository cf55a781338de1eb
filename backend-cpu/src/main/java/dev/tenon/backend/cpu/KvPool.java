package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;

/**
 * Keys and values of one layer in f32: {@code [page][KV head][offset in page][headDim]}, so that a
 * head's keys of a page are contiguous.
 */
final class KvPool implements StateView.KvCache {
  final float[] keys;
  final float[] values;
  final int kvHeads;
  final int headDim;
  final int pageSize;

  KvPool(StateSpec.PagedKv spec, int pageSize, int pages) {
    this.kvHeads = spec.kvHeads();
    this.headDim = spec.headDim();
    this.pageSize = pageSize;
    int elements = Math.toIntExact((long) pages * pageSize * kvHeads * headDim);
    this.keys = new float[elements];
    this.values = new float[elements];
  }

  /** Index of the first element of a head at a position. */
  int index(int[] pageTable, int position, int kvHead) {
    int page = pageTable[position / pageSize];
    return ((page * kvHeads + kvHead) * pageSize + position % pageSize) * headDim;
  }
}
