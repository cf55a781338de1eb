package dev.tenon.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * Attention over pages. The context is cut into stretches of fixed size; each gives a query a
 * maximum, a sum and a weighted sum of values, and these are merged in ascending order. The grid
 * does not depend on how rows are grouped or on the number of workers, so neither does the result.
 */
final class VectorAttention {
  /** Positions of a stretch. */
  private static final int STRETCH = 512;

  /** Queries that share a pass over a stretch. */
  private static final int QUERIES = 32;

  private static final int L = Lanes.COUNT;

  private final WorkerPool workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private float[] partials = new float[0];

  VectorAttention(WorkerPool workers) {
    this.workers = workers;
  }

  /** Consecutive rows of one sequence with the query heads that share a KV head. */
  private record Tile(int firstRow, int rows, int firstHead, int perRow, int kvHead, int[] table) {
    int queries() {
      return rows * perRow;
    }
  }

  private static final class Scratch {
    final float[] sums = new float[ProductTile.scratchLength()];
    float[] scores = new float[0];
    float[] partial = new float[0];

    void prepare(int queries, int dim) {
      if (scores.length < queries * STRETCH) {
        scores = new float[queries * STRETCH];
      }
      if (partial.length < queries * (dim + 2)) {
        partial = new float[queries * (dim + 2)];
      }
    }
  }

  /** Whether the head's size is a whole number of vectors. */
  static boolean serves(Kernels.Attention job) {
    return job.kv().headDim % L == 0;
  }

  void attend(Kernels.Attention job) {
    List<Tile> tiles = new ArrayList<>();
    int longest = cut(job, tiles);
    int stretches = Math.ceilDiv(longest, STRETCH);
    if (stretches <= 1 || tiles.size() >= 4 * workers.size()) {
      workers.run(tiles.size(), index -> whole(job, tiles.get(index)));
    } else {
      split(job, tiles, stretches);
    }
  }

  /** Cuts the rows into tiles and returns the longest context. */
  private int cut(Kernels.Attention job, List<Tile> tiles) {
    int width = job.heads() * job.kv().headDim;
    int perHead = job.heads() / job.kv().kvHeads;
    int perRow = Math.min(perHead, QUERIES);
    int most = Math.max(1, QUERIES / perRow);
    int longest = 0;
    int row = 0;
    while (row < job.rows()) {
      int[] table = job.pageTables()[row];
      int end = row + 1;
      if (table == null) {
        Arrays.fill(job.output(), row * width, end * width, 0f);
      } else {
        longest = Math.max(longest, job.positions()[row] + 1);
        while (end < job.rows() && end - row < most && job.pageTables()[end] == table) {
          longest = Math.max(longest, job.positions()[end] + 1);
          end++;
        }
        for (int head = 0; head < job.heads(); head += perRow) {
          int heads = Math.min(perRow, perHead - head % perHead);
          tiles.add(new Tile(row, end - row, head, heads, head / perHead, table));
        }
      }
      row = end;
    }
    return longest;
  }

  private void whole(Kernels.Attention job, Tile tile) {
    int dim = job.kv().headDim;
    Scratch mine = scratch.get();
    mine.prepare(tile.queries(), dim);
    float[] best = new float[tile.queries()];
    float[] total = new float[tile.queries()];
    start(job, tile, best);
    int stretches = Math.ceilDiv(context(job, tile), STRETCH);
    for (int stretch = 0; stretch < stretches; stretch++) {
      stretch(job, tile, stretch, mine, mine.partial, 0);
      merge(job, tile, stretch, mine.partial, 0, best, total);
    }
    finish(job, tile, total);
  }

  private void split(Kernels.Attention job, List<Tile> tiles, int stretches) {
    int dim = job.kv().headDim;
    int perTile = 0;
    for (Tile tile : tiles) {
      perTile = Math.max(perTile, tile.queries() * (dim + 2));
    }
    int size = perTile;
    if (partials.length < tiles.size() * stretches * size) {
      partials = new float[tiles.size() * stretches * size];
    }
    float[] found = partials;
    workers.run(
        tiles.size() * stretches,
        part -> {
          Tile tile = tiles.get(part / stretches);
          Scratch mine = scratch.get();
          mine.prepare(tile.queries(), dim);
          stretch(job, tile, part % stretches, mine, found, part * size);
        });
    workers.run(
        tiles.size(),
        index -> {
          Tile tile = tiles.get(index);
          float[] best = new float[tile.queries()];
          float[] total = new float[tile.queries()];
          start(job, tile, best);
          for (int stretch = 0; stretch < stretches; stretch++) {
            merge(job, tile, stretch, found, (index * stretches + stretch) * size, best, total);
          }
          finish(job, tile, total);
        });
  }

  private static int context(Kernels.Attention job, Tile tile) {
    int longest = 0;
    for (int row = tile.firstRow(); row < tile.firstRow() + tile.rows(); row++) {
      longest = Math.max(longest, job.positions()[row] + 1);
    }
    return longest;
  }

  /** Index of the first element of a tile's query, in the job's queries and outputs. */
  private static int at(Kernels.Attention job, Tile tile, int query) {
    int row = tile.firstRow() + query / tile.perRow();
    int head = tile.firstHead() + query % tile.perRow();
    return (row * job.heads() + head) * job.kv().headDim;
  }

  /** Positions of a stretch that a query sees. */
  private static int seen(Kernels.Attention job, Tile tile, int query, int stretch) {
    int position = job.positions()[tile.firstRow() + query / tile.perRow()];
    return Math.clamp(position + 1L - (long) stretch * STRETCH, 0, STRETCH);
  }

  private static void start(Kernels.Attention job, Tile tile, float[] best) {
    Arrays.fill(best, Float.NEGATIVE_INFINITY);
    for (int query = 0; query < tile.queries(); query++) {
      int at = at(job, tile, query);
      Arrays.fill(job.output(), at, at + job.kv().headDim, 0f);
    }
  }

  /** Leaves per query the weighted sum of values, the maximum and the sum of weights. */
  private static void stretch(
      Kernels.Attention job, Tile tile, int stretch, Scratch mine, float[] out, int outAt) {
    int first = stretch * STRETCH;
    int count = Math.min(STRETCH, context(job, tile) - first);
    if (count <= 0) {
      return;
    }
    int dim = job.kv().headDim;
    int queries = tile.queries();
    scores(job, tile, first, count, mine);
    for (int query = 0; query < queries; query++) {
      int seen = seen(job, tile, query, stretch);
      int row = query * STRETCH;
      float best = greatest(mine.scores, row, seen);
      int to = outAt + query * (dim + 2);
      Arrays.fill(out, to, to + dim, 0f);
      out[to + dim] = best;
      out[to + dim + 1] = seen == 0 ? 0f : weights(mine.scores, row, seen, best);
      Arrays.fill(mine.scores, row + seen, row + count, 0f);
    }
    KvPool kv = job.kv();
    int done = 0;
    while (done < count) {
      int position = first + done;
      int run = Math.min(count - done, kv.pageSize - position % kv.pageSize);
      int value = kv.index(tile.table(), position, tile.kvHead());
      RowCombination.add(
          queries,
          mine.scores,
          done,
          STRETCH,
          run,
          kv.values,
          value,
          dim,
          out,
          outAt,
          dim + 2,
          dim);
      done += run;
    }
  }

  private static void scores(Kernels.Attention job, Tile tile, int first, int count, Scratch mine) {
    KvPool kv = job.kv();
    int dim = kv.headDim;
    int queries = tile.queries();
    int done = 0;
    while (done < count) {
      int position = first + done;
      int inPage = Math.min(count - done, kv.pageSize - position % kv.pageSize);
      int key = kv.index(tile.table(), position, tile.kvHead());
      int keys = inPage >= 4 ? 4 : 1;
      int stride = keys == 4 ? dim : 0; // where fewer than four follow, one is read four times
      for (int query = 0; query < queries; query += 4) {
        int n = Math.min(4, queries - query);
        ProductTile.four(
            job.query(),
            at(job, tile, query),
            at(job, tile, query + Math.min(1, n - 1)),
            at(job, tile, query + Math.min(2, n - 1)),
            at(job, tile, query + n - 1),
            kv.keys,
            key,
            stride,
            dim,
            mine.sums);
        for (int q = 0; q < n; q++) {
          for (int k = 0; k < keys; k++) {
            mine.scores[(query + q) * STRETCH + done + k] =
                ProductTile.sum(mine.sums, 4 * q + k) * job.scale();
          }
        }
      }
      done += keys;
    }
  }

  private static float greatest(float[] values, int from, int count) {
    float greatest = Float.NEGATIVE_INFINITY;
    for (int i = from; i < from + count; i++) {
      greatest = Math.max(greatest, values[i]);
    }
    return greatest;
  }

  /** Turns scores into weights and returns their sum. */
  private static float weights(float[] scores, int from, int count, float best) {
    FloatVector sum = FloatVector.zero(Lanes.FLOATS);
    int i = 0;
    for (; i <= count - L; i += L) {
      FloatVector weight =
          VectorMath.exp(FloatVector.fromArray(Lanes.FLOATS, scores, from + i).sub(best));
      weight.intoArray(scores, from + i);
      sum = sum.add(weight);
    }
    float total = Lanes.sum(sum);
    for (; i < count; i++) {
      float weight = (float) Math.exp(scores[from + i] - best);
      scores[from + i] = weight;
      total += weight;
    }
    return total;
  }

  private static void merge(
      Kernels.Attention job,
      Tile tile,
      int stretch,
      float[] partial,
      int partialAt,
      float[] best,
      float[] total) {
    int dim = job.kv().headDim;
    for (int query = 0; query < tile.queries(); query++) {
      if (seen(job, tile, query, stretch) > 0) {
        int from = partialAt + query * (dim + 2);
        float here = partial[from + dim];
        float now = Math.max(best[query], here);
        float before = (float) Math.exp(best[query] - now);
        float added = (float) Math.exp(here - now);
        best[query] = now;
        total[query] = total[query] * before + partial[from + dim + 1] * added;
        blend(job.output(), at(job, tile, query), before, partial, from, added, dim);
      }
    }
  }

  private static void blend(
      float[] y, int at, float factor, float[] term, int from, float weight, int length) {
    for (int i = 0; i < length; i += L) {
      FloatVector.fromArray(Lanes.FLOATS, y, at + i)
          .mul(factor)
          .add(FloatVector.fromArray(Lanes.FLOATS, term, from + i).mul(weight))
          .intoArray(y, at + i);
    }
  }

  private static void finish(Kernels.Attention job, Tile tile, float[] total) {
    for (int query = 0; query < tile.queries(); query++) {
      int at = at(job, tile, query);
      float factor = 1 / total[query];
      for (int i = 0; i < job.kv().headDim; i += L) {
        FloatVector.fromArray(Lanes.FLOATS, job.output(), at + i)
            .mul(factor)
            .intoArray(job.output(), at + i);
      }
    }
  }
}
