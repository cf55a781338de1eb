// First pass of sampling: every block looks at 4,096 ids of a row, once, and keeps what the row's choice needs of them.
#ifndef TENON_SAMPLING_SCAN_CUH
#define TENON_SAMPLING_SCAN_CUH

#include "values.cuh"

namespace tenon::sampling {

constexpr int kEnough = 32;  // entries that a block lists at least

// Blocks of a multiprocessor; sm_80's compiler needs more registers.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
constexpr int kScanBlocks = 2;
#else
constexpr int kScanBlocks = 4;
#endif

// Lists a block's greatest values: at least 32 if there are as many, all of those not below `bound`. Among the threads'
// greatest, the 32nd is such a bound that leaves few more.
__device__ __forceinline__ int list_greatest(const float (&values)[kValues], int split, int splits, uint64_t* list,
                                             uint32_t& bound) {
  __shared__ int listed;
  uint32_t most = 0;
#pragma unroll
  for (int i = 0; i < kValues; i++) most = max(most, order_key(values[i]));
  bound = 0;
  if (threadIdx.x == 0) listed = 0;
  for (int bit = 31; bit >= 0; bit--) {
    const uint32_t raised = bound | 1u << bit;
    const int reaching = __syncthreads_count(most >= raised);
    if (reaching >= kEnough) bound = raised;
    if (reaching >= kEnough && reaching <= kEnough + kEnough / 4) break;
  }
  if (bound == 0) bound = 1;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kValues; i++) {
    const uint32_t key = order_key(values[i]);
    if (key >= bound) {
      const int place = atomicAdd(&listed, 1);
      if (place < TENON_SPLIT_LIST) list[place] = entry(key, scan_id(i, split, splits));
    }
  }
  __syncthreads();
  const int count = listed;
  __syncthreads();
  return count <= TENON_SPLIT_LIST ? count : -1;
}

// Σ e^((value − greatest) / temperature) over the block, in a fixed order.
__device__ __forceinline__ double block_mass(const float (&values)[kValues], float greatest, float inverse) {
  __shared__ double sums[kScanWarps];
  float own = 0;
#pragma unroll
  for (int i = 0; i < kValues; i++) own += expf(__fmul_rn(__fsub_rn(values[i], greatest), inverse));
  double sum = own;
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(kAll, sum, step);
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = sum;
  __syncthreads();
  sum = 0;
  for (int warp = 0; warp < kScanWarps; warp++) sum += sums[warp];
  __syncthreads();
  return sum;
}

// The id drawn among a block's values; `greatest` is the entry of the greatest.
__device__ __forceinline__ void block_draw(const Row& row, const float (&values)[kValues], uint64_t greatest, int split,
                                           int splits, Draw& draw, float* own_values) {
  __shared__ double scores[kScanWarps];
  __shared__ int ids[kScanWarps];
#pragma unroll
  for (int i = 0; i < kValues; i++) own_values[i * kScanThreads + threadIdx.x] = values[i];
  draw.begin(noise_key(row.slot->seed, row.outputs()), row.inverse());
  draw.set(value_of(key_of(greatest)), id_of(greatest));
  uint32_t promising = 0;
#pragma unroll
  for (int i = 0; i < kValues; i++) {
    const bool promises = draw.promises(own_values[i * kScanThreads + threadIdx.x], scan_id(i, split, splits));
    promising |= uint32_t(promises) << i;
  }
  // Each turn takes one id per lane; with the best of them fewer others still promise anything.
  while (__any_sync(kAll, promising != 0)) {
    const int i = promising ? __ffs(promising) - 1 : 0, id = scan_id(i, split, splits);
    float value = promising ? own_values[i * kScanThreads + threadIdx.x] : -INFINITY;
    promising &= promising - 1;
    if (!draw.promises(value, id)) value = -INFINITY;
    if (__any_sync(kAll, value > -INFINITY)) draw.look(value, id);
  }
  if (threadIdx.x % 32 == 0) {
    scores[threadIdx.x / 32] = draw.score;
    ids[threadIdx.x / 32] = draw.id;
  }
  __syncthreads();
  for (int warp = 0; warp < kScanWarps; warp++) {
    if (scores[warp] > draw.score || (scores[warp] == draw.score && ids[warp] < draw.id)) {
      draw.score = scores[warp];
      draw.id = ids[warp];
    }
  }
  __syncthreads();
}

__global__ void __launch_bounds__(kScanThreads, kScanBlocks) scan(const tenon_sample params) {
  __shared__ Banned banned;
  __shared__ float own_values[TENON_SPLIT_IDS];
  wait_for_predecessor();
  release_successor();
  const int index = blockIdx.y, split = blockIdx.x, parts = gridDim.x;
  if (index >= at<int32_t>(params.step.rows.counts)[2]) return;
  // The logits are on their way while it is found out what for.
  float values[kValues];
  load_values(at<float>(params.logits) + index * params.stride, static_cast<int>(params.step.slots.vocabulary), split,
              parts, values);
  Row row;
  if (!load_row(params, index, row)) return;
  const int reported = row.reported();
  if (!row.draws() && reported < 0) return;
  Split& found = row_splits(params, index)[split];
  const bool first = threadIdx.x == 0;
  if (reported >= 0) {
    const uint32_t most = key_of(block_greatest(values, split, parts));
    uint32_t bound;
    const int listed = list_greatest(values, split, parts, split_list(params, index, split, 1), bound);
    const double mass = most == 0 ? 0 : block_mass(values, value_of(most), 1);
    if (first) found.raw_greatest = most, found.raw_bound = bound, found.raw_listed = listed, found.raw_mass = mass;
  }
  if (row.draws()) {
    find_banned(params.step.slots, row, banned);
    if (ruled(row) || banned.count > 0) {
      const Rules applying = rules(params.step.slots, row);
#pragma unroll 1
      for (int i = 0; i < kValues; i++) {
        const int id = scan_id(i, split, parts);
        own_values[i * kScanThreads + threadIdx.x] =
            id < row.vocabulary ? adjusted(applying, banned, row.logits[id], id) : -INFINITY;
      }
#pragma unroll
      for (int i = 0; i < kValues; i++) values[i] = own_values[i * kScanThreads + threadIdx.x];
    } else {
      const int usable = row.slot->usable_ids;
#pragma unroll
      for (int i = 0; i < kValues; i++) {
        if (scan_id(i, split, parts) >= usable || values[i] != values[i]) values[i] = -INFINITY;
      }
    }
    const uint64_t most = block_greatest(values, split, parts);
    if (first) found.greatest = most, found.bound = 0, found.listed = 0, found.mass = 0;
    if (most == 0 || row.greedy()) return;
    if (!row.filtered()) {
      Draw draw;
      block_draw(row, values, most, split, parts, draw, own_values);
      if (first) found.score = draw.score, found.id = draw.id;
    } else {
      if (row.slot->top_p < 1 && row.top_k() == 0) {
        const double mass = block_mass(values, value_of(key_of(most)), row.inverse());
        if (first) found.mass = mass;
      }
      uint32_t bound;
      const int listed = list_greatest(values, split, parts, split_list(params, index, split, 0), bound);
      if (first) found.bound = bound, found.listed = listed;
    }
  }
}

}  // namespace tenon::sampling
#endif
