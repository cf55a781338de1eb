// The step-by-step form: replays, decodes with their drafts, and short prompts.
//
// A cluster works on a key head of a sequence, each of its blocks on the value heads that fall to it (without clusters,
// one block on all of them, one after another). Four threads hold a column of the state in registers: the state is read
// once, advanced row by row, written once after the last committed row, and drafts go on from there unstored.
//
// q and k inputs in window and pending rows are read by all blocks of the cluster and written by the first, after a
// barrier of the cluster which says that all have read them.
#ifndef TENON_DELTA_NET_STEPS_CUH
#define TENON_DELTA_NET_STEPS_CUH

#include "plan.cuh"

namespace tenon::delta {

constexpr int kGroup = 4;  // rows between two barriers; also threads per column

__device__ __forceinline__ void cluster_arrive() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
#endif
}

__device__ __forceinline__ void cluster_wait() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

// Inputs of the convolution in order: window, pending rows that are replayed, rows of the step.
struct Inputs {
  const bf16* window;
  const bf16* pending;
  const bf16* projected;  // of the sequence's first row
  int64_t stride;
  int channels, replay;
  bool fresh;

  __device__ __forceinline__ bf16 at(int index, int channel, int projected_column) const {
    if (index < kHistory) return fresh ? __float2bfloat16_rn(0.f) : window[index * channels + channel];
    index -= kHistory;
    if (index < replay) return pending[index * channels + channel];
    return projected[(index - replay) * stride + projected_column];
  }
};

// Channel i of a block: q and k of the key head, then v of the value head.
struct Channel {
  int index, column;

  __device__ __forceinline__ Channel(int i, int key_dim, int value_dim, int key_head, int in_group, const Sizes& sizes) {
    column = key_head * sizes.group + (i < 2 * key_dim ? i : i + in_group * value_dim);
    if (i < key_dim) {
      index = key_head * key_dim + i;
    } else if (i < 2 * key_dim) {
      index = sizes.key_width + key_head * key_dim + i - key_dim;
    } else {
      index = 2 * sizes.key_width + (key_head * sizes.repeat + in_group) * value_dim + i - 2 * key_dim;
    }
  }
};

// Shared memory: rows of a group after the convolution, their outputs and their factors.
struct StepMemory {
  float* mixed;    // [kGroup][2 · key_dim + value_dim]
  float* outputs;  // [kGroup][value_dim]
  float *decay, *beta, *key_factor, *query_factor, *dot;  // [kGroup]

  __device__ __forceinline__ StepMemory(float* memory, int key_dim, int value_dim) {
    mixed = memory;
    outputs = mixed + kGroup * (2 * key_dim + value_dim);
    decay = outputs + kGroup * value_dim;
    beta = decay + kGroup;
    key_factor = beta + kGroup;
    query_factor = key_factor + kGroup;
    dot = query_factor + kGroup;
  }
};

inline int step_memory_bytes(int key_dim, int value_dim) {
  return 4 * kGroup * (2 * key_dim + 2 * value_dim + 5);
}

// Writes the new window and the inputs of draft rows, for channels from … to − 1 of the block.
__device__ __forceinline__ void keep_inputs(
    const tenon_delta_net& p, const Sizes& sizes, const Sequence& s, const Inputs& inputs, int key_head, int in_group,
    int from, int to) {
  int advanced = s.replay + s.committed;
  bf16* window = at<bf16>(p.window) + static_cast<int64_t>(s.slot) * kHistory * sizes.channels;
  bf16* pending = at<bf16>(p.pending_inputs) + s.slot * p.max_pending * sizes.channels;
  int drafts = min(s.active - s.committed, static_cast<int>(p.max_pending));
  for (int i = from + threadIdx.x; i < to; i += blockDim.x) {
    Channel c(i, static_cast<int>(p.key_dim), static_cast<int>(p.value_dim), key_head, in_group, sizes);
    bf16 x[kHistory];
#pragma unroll
    for (int j = 0; j < kHistory; j++) x[j] = inputs.at(advanced + j, c.index, c.column);
#pragma unroll
    for (int j = 0; j < kHistory; j++) window[j * sizes.channels + c.index] = x[j];
    for (int d = 0; d < drafts; d++) {
      pending[static_cast<int64_t>(d) * sizes.channels + c.index] =
          inputs.projected[(s.committed + d) * inputs.stride + c.column];
    }
  }
}

template <int KeyDim, typename State>
__global__ void __launch_bounds__(512, 2) delta_steps(const tenon_delta_net p, const Space space) {
  extern __shared__ __align__(16) float memory[];
  constexpr int kKeys = KeyDim / 16;
  const int* counts = at<const int>(p.rows.counts);
  int planner = space.most_chunks > 0 ? 1 : 0;
  int index = static_cast<int>(blockIdx.z) - planner;
  if (index < 0) {
    if (blockIdx.x == 0 && blockIdx.y == 0) make_plan(p.rows, space, counts[1]);
    return;
  }
  if (index >= counts[1]) return;
  Sizes sizes(p);
  int value_dim = static_cast<int>(p.value_dim);
  int key_head = blockIdx.y;
  int blocks = gridDim.x;
  bool clustered = blocks > 1;
  Sequence s = sequence_at(p.rows, index);
  for (int h = blockIdx.x; h < sizes.repeat; h += blocks) {
    bf16* out = at<bf16>(p.out) + (key_head * sizes.repeat + h) * value_dim;
    int idle = s.end - s.first - s.active;
    for (int i = threadIdx.x; i < idle * value_dim; i += blockDim.x) {
      int64_t row = s.first + s.active + i / value_dim;
      out[row * sizes.value_width + i % value_dim] = __float2bfloat16_rn(0.f);
    }
  }
  if (s.chunked) s.active = s.committed = 0;
  int rows = s.replay + s.active, advanced = s.replay + s.committed;
  if (rows == 0) return;

  StepMemory m(memory, KeyDim, value_dim);
  int own = 2 * KeyDim + value_dim;
  int column = threadIdx.x >> 2, quarter = threadIdx.x & 3;
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  Inputs inputs = {
      at<const bf16>(p.window) + static_cast<int64_t>(s.slot) * kHistory * sizes.channels,
      at<const bf16>(p.pending_inputs) + s.slot * p.max_pending * sizes.channels,
      at<const bf16>(p.projected) + s.first * p.projected_stride,
      p.projected_stride, sizes.channels, s.replay, s.fresh};
  float* pending_gates = at<float>(p.pending_gates) + s.slot * p.max_pending * 2 * p.value_heads;
  float query_scale = rsqrtf(static_cast<float>(KeyDim));

  for (int h = blockIdx.x; h < sizes.repeat; h += blocks) {
    int head = key_head * sizes.repeat + h;
    bool last_head = h + blocks >= sizes.repeat;
    State* state = at<State>(p.state) + (s.slot * p.value_heads + head) * (p.key_dim * value_dim) +
                   static_cast<int64_t>(threadIdx.x) * 4;
    float held[kKeys][4];
#pragma unroll
    for (int i = 0; i < kKeys; i++) {
      if (s.fresh) {
        held[i][0] = held[i][1] = held[i][2] = held[i][3] = 0.f;
      } else {
        load4(state + i * value_dim * 16, held[i]);
      }
    }
    for (int start = 0; start < rows; start += kGroup) {
      int count = min(kGroup, rows - start);
      bool last_group = start + kGroup >= rows;
      // the output gate of this thread's element of the group's outputs
      int out_row = threadIdx.x / value_dim, out_column = threadIdx.x % value_dim;
      int step_row = start + out_row - s.replay;
      float z = 0.f;
      if (out_row < count && step_row >= 0) {
        z = __bfloat162float(inputs.projected[step_row * inputs.stride + key_head * sizes.group + 2 * KeyDim +
                                              (sizes.repeat + h) * value_dim + out_column]);
      }
      for (int i = threadIdx.x; i < own; i += blockDim.x) {
        Channel c(i, KeyDim, value_dim, key_head, h, sizes);
        float4 taps = at<const float4>(p.convolution)[c.index];
        float x[kHistory + kGroup];
#pragma unroll
        for (int j = 0; j < kHistory + kGroup; j++) {
          x[j] = j < kHistory + count ? __bfloat162float(inputs.at(start + j, c.index, c.column)) : 0.f;
        }
#pragma unroll
        for (int j = 0; j < kGroup; j++) {
          if (j < count) m.mixed[j * own + i] = silu(convolve(taps, x[j], x[j + 1], x[j + 2], x[j + 3]));
        }
      }
      float log_gate = 0.f, beta = 0.f;
      if (threadIdx.x < count) {
        int row = start + threadIdx.x;
        if (row < s.replay) {
          log_gate = pending_gates[row * 2 * p.value_heads + head];
          beta = pending_gates[(row * 2 + 1) * p.value_heads + head];
        } else {
          const float* gates = at<const float>(p.gates) + (s.first + row - s.replay) * p.gates_stride +
                               key_head * 2 * sizes.repeat + h;
          beta = sigmoid(gates[0]);
          log_gate = log_decay(at<const float>(p.decay_log)[head], gates[sizes.repeat],
                               at<const float>(p.time_bias)[head]);
        }
        m.decay[threadIdx.x] = expf(log_gate);
        m.beta[threadIdx.x] = beta;
      }
      __syncthreads();
      if (last_group && last_head && clustered) cluster_arrive();
      for (int row = warp; row < count; row += warps) {
        const float* q = m.mixed + row * own;
        const float* k = q + KeyDim;
        float qq = 0.f, kk = 0.f, qk = 0.f;
#pragma unroll
        for (int i = 0; i < (KeyDim + 31) / 32; i++) {
          int at = i * 32 + lane;
          float a = at < KeyDim ? q[at] : 0.f, b = at < KeyDim ? k[at] : 0.f;
          qq = fmaf(a, a, qq), kk = fmaf(b, b, kk), qk = fmaf(a, b, qk);
        }
        qq = warp_sum(qq), kk = warp_sum(kk), qk = warp_sum(qk);
        if (lane == 0) {
          float query_factor = rsqrtf(qq + 1e-6f) * query_scale, key_factor = rsqrtf(kk + 1e-6f);
          m.query_factor[row] = query_factor;
          m.key_factor[row] = key_factor;
          m.dot[row] = qk * query_factor * key_factor;
        }
      }
      int draft = start + threadIdx.x - advanced;
      if (threadIdx.x < count && draft >= 0 && draft < p.max_pending) {
        pending_gates[draft * 2 * p.value_heads + head] = log_gate;
        pending_gates[(draft * 2 + 1) * p.value_heads + head] = beta;
      }
      if (last_group) {
        if (last_head && clustered) cluster_wait();
        bool keys_too = last_head && blockIdx.x == 0;
        if (clustered && blockIdx.x == 0 && !keys_too) {
          // unreachable: block 0 has a last head too
        }
        keep_inputs(p, sizes, s, inputs, key_head, h, keys_too ? 0 : 2 * KeyDim, own);
      }
      __syncthreads();
#pragma unroll 1
      for (int row = 0; row < count; row++) {
        const float4* q = reinterpret_cast<const float4*>(m.mixed + row * own) + quarter;
        const float4* k = reinterpret_cast<const float4*>(m.mixed + row * own + KeyDim) + quarter;
        float by_key = 0.f, by_query = 0.f;
#pragma unroll
        for (int i = 0; i < kKeys; i++) {
          float4 a = k[4 * i], b = q[4 * i];
          by_key = fmaf(held[i][0], a.x, by_key), by_query = fmaf(held[i][0], b.x, by_query);
          by_key = fmaf(held[i][1], a.y, by_key), by_query = fmaf(held[i][1], b.y, by_query);
          by_key = fmaf(held[i][2], a.z, by_key), by_query = fmaf(held[i][2], b.z, by_query);
          by_key = fmaf(held[i][3], a.w, by_key), by_query = fmaf(held[i][3], b.w, by_query);
        }
        by_key += __shfl_xor_sync(0xffffffffu, by_key, 1);
        by_query += __shfl_xor_sync(0xffffffffu, by_query, 1);
        by_key += __shfl_xor_sync(0xffffffffu, by_key, 2);
        by_query += __shfl_xor_sync(0xffffffffu, by_query, 2);
        float decay = m.decay[row], key_factor = m.key_factor[row];
        float value = m.mixed[row * own + 2 * KeyDim + column];
        float delta = m.beta[row] * fmaf(-decay * key_factor, by_key, value);
        // Sᵀq after the update is e^g·Sᵀq before it, and (k·q) d
        if (quarter == 0) {
          m.outputs[row * value_dim + column] = fmaf(m.dot[row], delta, decay * m.query_factor[row] * by_query);
        }
        float step = delta * key_factor;
#pragma unroll
        for (int i = 0; i < kKeys; i++) {
          float4 a = k[4 * i];
          held[i][0] = stored(fmaf(step, a.x, decay * held[i][0]), State());
          held[i][1] = stored(fmaf(step, a.y, decay * held[i][1]), State());
          held[i][2] = stored(fmaf(step, a.z, decay * held[i][2]), State());
          held[i][3] = stored(fmaf(step, a.w, decay * held[i][3]), State());
        }
        if (start + row == advanced - 1) {
#pragma unroll
          for (int i = 0; i < kKeys; i++) store4(state + i * value_dim * 16, held[i]);
        }
      }
      __syncthreads();
      if (out_row < count && step_row >= 0) {
        const float* o = m.outputs + out_row * value_dim;
        float squares = 0.f;
        if ((value_dim & 31) == 0) {
          for (int i = lane; i < value_dim; i += 32) squares = fmaf(o[i], o[i], squares);
          squares = warp_sum(squares);
        } else {
          for (int i = 0; i < value_dim; i++) squares = fmaf(o[i], o[i], squares);
        }
        float factor = rsqrtf(squares / value_dim + static_cast<float>(p.epsilon));
        float y = o[out_column] * factor * at<const float>(p.norm)[out_column] * gate(z, p.gate_activation == 1);
        at<bf16>(p.out)[static_cast<int64_t>(s.first + step_row) * sizes.value_width + head * value_dim + out_column] =
            __float2bfloat16_rn(y);
      }
    }
  }
}

}  // namespace tenon::delta

#endif
