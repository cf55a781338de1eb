// The step-by-step form: replays, decodes with their drafts, and short prompts.
//
// A block works on one value head of a sequence, then of another. The state is read once, advanced row by row, written
// once after the last committed row, and drafts go on from there unstored. While rows are advanced, four threads hold two
// columns of it in registers; before and between, it rests in shared memory.
//
//   rows in groups of 8:  inputs → convolution, gates → | norms of q, k → | advance row by row → | norm, gate, write
//                         (the state is on its way)                         (the next one is)
#ifndef TENON_DELTA_NET_STEPS_CUH
#define TENON_DELTA_NET_STEPS_CUH

#include "plan.cuh"

namespace tenon::delta {

constexpr int kGroup = 8;  // rows between barriers
// Shared memory: rows of a group after the convolution, their outputs and their factors. Behind it the state rests.
template <int KeyDim>
struct alignas(16) StepMemory {
  float mixed[kGroup][2 * KeyDim + kMostValueDim];
  float outputs[kGroup][kMostValueDim];
  float weights[kGroup][kMostValueDim];  // of the outputs: norm's scale and gate
  float log_gate[kGroup], decay[kGroup], beta[kGroup], key_factor[kGroup], query_factor[kGroup], dot[kGroup];
};

// The inputs of one pair of a head's channels in order: window, replayed rows, rows of the step.
struct PairInputs {
  bf16* window;
  bf16* pending;
  const bf16* projected;
  int64_t stride;
  int width, replay;
  bool fresh;

  __device__ __forceinline__ uint32_t operator[](int i) const {
    const bf16* from = i < kHistory            ? window + i * width
                       : i < kHistory + replay ? pending + (i - kHistory) * width
                                               : projected + (i - kHistory - replay) * stride;
    const uint32_t pair = load_pair(from);
    return fresh && i < kHistory ? 0u : pair;
  }

  // Keeps the inputs before `advanced` as the window and those of `drafts` rows from there as pending.
  __device__ __forceinline__ void keep(int advanced, int drafts) const {
    uint32_t x[kHistory];
#pragma unroll
    for (int j = 0; j < kHistory; j++) x[j] = (*this)[advanced + j];
#pragma unroll
    for (int j = 0; j < kHistory; j++) store_pair(window + j * width, x[j]);
#pragma unroll 1
    for (int d = 0; d < drafts; d++) store_pair(pending + d * width, (*this)[kHistory + advanced + d]);
  }
};

// Convolves a pair of channels at the `count` inputs from `start`, four at a time.
__device__ __forceinline__ void convolve_pair(const PairInputs& inputs, const float4* taps, int start, int count, float* mixed,
                                              int mixed_stride) {
  const float4 first = taps[0], second = taps[1];
  uint32_t x[kHistory + 4];
#pragma unroll
  for (int j = 0; j < kHistory; j++) x[j] = inputs[start + j];
#pragma unroll 1
  for (int done = 0; done < count; done += 4) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (done + j < count) x[kHistory + j] = inputs[start + done + kHistory + j];
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (done + j < count) {
        const float a = convolve(first, low(x[j]), low(x[j + 1]), low(x[j + 2]), low(x[j + 3]));
        const float b = convolve(second, high(x[j]), high(x[j + 1]), high(x[j + 2]), high(x[j + 3]));
        store2(mixed + (done + j) * mixed_stride, silu(a), silu(b));
      }
    }
#pragma unroll
    for (int j = 0; j < kHistory; j++) x[j] = x[4 + j];
  }
}

// Factors that make q and k of a row unit vectors, and the product of the two; a warp.
template <int KeyDim>
__device__ __forceinline__ void find_factors(StepMemory<KeyDim>& m, int row) {
  const int lane = threadIdx.x & 31;
  const float* q = m.mixed[row];
  const float* k = q + KeyDim;
  float qq = 0.f, kk = 0.f, qk = 0.f;
#pragma unroll
  for (int i = 0; i < KeyDim / 32; i++) {
    const float a = q[i * 32 + lane], b = k[i * 32 + lane];
    qq = fmaf(a, a, qq), kk = fmaf(b, b, kk), qk = fmaf(a, b, qk);
  }
  qq = warp_sum(qq), kk = warp_sum(kk), qk = warp_sum(qk);
  if (lane == 0) {
    const float query_factor = rsqrtf(qq + 1e-6f) * rsqrtf(static_cast<float>(KeyDim)), key_factor = rsqrtf(kk + 1e-6f);
    m.query_factor[row] = query_factor;
    m.key_factor[row] = key_factor;
    m.dot[row] = qk * query_factor * key_factor;
  }
}

// Norms an output row of a head and writes it; a warp.
__device__ __forceinline__ void write_output(const float* o, const float* weights, int value_dim, float epsilon, bf16* out) {
  const int lane = threadIdx.x & 31;
  float2 x[kMostValueDim / 64];
  float squares = 0.f;
#pragma unroll
  for (int i = 0; i < kMostValueDim / 64; i++) {
    const int c = 2 * lane + 64 * i;
    x[i] = c < value_dim ? load2(o + c) : make_float2(0.f, 0.f);
    squares = fmaf(x[i].x, x[i].x, fmaf(x[i].y, x[i].y, squares));
  }
  const float factor = rsqrtf(warp_sum(squares) / value_dim + epsilon);
#pragma unroll
  for (int i = 0; i < kMostValueDim / 64; i++) {
    const int c = 2 * lane + 64 * i;
    if (c < value_dim) store2(out + c, x[i].x * factor * weights[c], x[i].y * factor * weights[c + 1]);
  }
}

// What the gates of a row are made of: those kept with a pending row, or the inputs of the formulas.
struct GateInputs {
  float first, second, decay_log, time_bias;
  bool pending;

  __device__ __forceinline__ GateInputs(const tenon_delta_net& p, const Head& head, int slot, int row,
                                        int replay, int first_row) {
    pending = row < replay;
    const float* from = pending ? head.pending_gates(p, slot, row) : head.gate_inputs(p, first_row + row - replay);
    first = from[0];
    second = from[pending ? head.heads : head.repeat];
    decay_log = at<const float>(p.decay_log)[head.index];
    time_bias = at<const float>(p.time_bias)[head.index];
  }

  __device__ __forceinline__ float log_gate() const { return pending ? first : log_decay(decay_log, second, time_bias); }
  __device__ __forceinline__ float beta() const { return pending ? second : sigmoid(first); }
};

// The weights that a thread's first pair of channels will need.
__device__ __forceinline__ void prefetch_weights(const tenon_delta_net& p, const Head& head) {
  const int channel = 2 * threadIdx.x;
  if (channel < head.width) prefetch(at<const float4>(p.convolution) + head.tap_index(channel));
  if (threadIdx.x == 0) {
    prefetch(at<const float>(p.decay_log) + head.index);
    prefetch(at<const float>(p.time_bias) + head.index);
  }
}

// The head's number of values: ValueDim, or where that is 0, what the parameters say.
template <int ValueDim>
__device__ __forceinline__ int values_of(const tenon_delta_net& p) {
  return ValueDim > 0 ? ValueDim : static_cast<int>(p.value_dim);
}

// Asks for a state, to rest in shared memory, and for the window beside it.
template <int KeyDim, int ValueDim, typename State>
__device__ __forceinline__ void ask_for_slot(const tenon_delta_net& p, int slot, State* resting) {
  constexpr int kUnit = 16 / sizeof(State);
  const Head head = own_head(p);
  const State* state = head.state<State>(p, slot) + threadIdx.x * kUnit;
  resting += threadIdx.x * kUnit;
  const int stride = 2 * values_of<ValueDim>(p) * kUnit;  // of all threads
#pragma unroll(ValueDim > 0 ? KeyDim / 2 / kUnit : 1)
  for (int i = 0; i < KeyDim / 2 / kUnit; i++) copy_async16(resting + i * stride, state + i * stride);
  copy_commit();
  if (64 * threadIdx.x < kHistory * head.width) prefetch(head.window(p, slot) + 64 * threadIdx.x);
}

// The slot of a sequence that goes step by step, or -1.
__device__ __forceinline__ int stepped_slot(const tenon_rows& rows, int index, int sequences) {
  if (index >= sequences) return -1;
  const Sequence s = sequence_at(rows, index);
  return s.active > 0 && !s.chunked ? s.slot : -1;
}

// Writes zeros for the rows of a sequence that are not active.
__device__ __forceinline__ void clear_idle_rows(const tenon_delta_net& p, const Sequence& s) {
  const Head head = own_head(p);
#pragma unroll 1
  for (int row = s.first + s.active; row < s.end; row++) {
    for (int c = 2 * threadIdx.x; c < head.value_dim; c += 2 * blockDim.x) store_pair(head.out(p, row) + c, 0u);
  }
}

// Works on a head of one sequence whose state has been asked for; asks for that of `next_slot`, unless it is -1.
template <int KeyDim, int ValueDim, typename State>
__device__ __forceinline__ void run_steps(const tenon_delta_net& p, int index, StepMemory<KeyDim>& m, State* resting,
                                          int next_slot) {
  constexpr int kParts = KeyDim / 16;
  const int value_dim = values_of<ValueDim>(p);
  const int column = threadIdx.x >> 2, quarter = threadIdx.x & 3, half = value_dim / 2, part = 4 * threadIdx.x;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = 2 * value_dim / 32;

#pragma unroll 1
  for (int start = 0, rows = 1; start < rows; start += kGroup) {
    // read again, rather than kept in registers that the state needs
    const Sequence s = sequence_at(p.rows, again(index));
    const bool fresh = is_fresh(p.rows, s);
    const int replay = s.replay;
    const int advanced = replay + s.committed;
    const int drafts = min(s.active - s.committed, static_cast<int>(p.max_pending));
    rows = replay + s.active;
    const int count = min(kGroup, rows - start);
    const bool last_group = start + kGroup >= rows;
    const Head head = own_head(p);
    const bool makes_gates = warp == warps - 1 && lane < count;
    const GateInputs gate_inputs(p, head, s.slot, start + (makes_gates ? lane : 0), replay, s.first);
#pragma unroll 1
    for (int pair = threadIdx.x; pair < (head.width + value_dim) / 2; pair += 2 * value_dim) {
      if (2 * pair < head.width) {
        const int channel = 2 * pair;
        const PairInputs inputs = {head.window(p, s.slot) + channel,
                                   head.pending(p, s.slot) + channel,
                                   head.projected(p, s.first) + head.column(channel),
                                   p.projected_stride, head.width, replay, fresh};
        convolve_pair(inputs, at<const float4>(p.convolution) + head.tap_index(channel), start, count,
                      m.mixed[0] + channel, 2 * KeyDim + kMostValueDim);
        if (last_group) inputs.keep(advanced, drafts);
      } else {
        const int element = 2 * pair - head.width;
        const float2 scale = load2(at<const float>(p.norm) + element);
        const bool sigmoid_only = p.gate_activation == 1;
#pragma unroll 1
        for (int row = max(replay - start, 0); row < count; row++) {
          const uint32_t z = load_pair(head.projected(p, s.first + start + row - replay) + head.gate_column(element));
          store2(m.weights[row] + element, scale.x * output_gate(low(z), sigmoid_only),
                 scale.y * output_gate(high(z), sigmoid_only));
        }
      }
    }
    if (makes_gates) {
      m.log_gate[lane] = gate_inputs.log_gate();
      m.decay[lane] = expf(m.log_gate[lane]);
      m.beta[lane] = gate_inputs.beta();
    }
    copy_wait<0>();
    __syncthreads();
    float held[2][kParts][4];
    const State* from = resting + again(part);
#pragma unroll
    for (int i = 0; i < kParts; i++) {
      load4(from + i * value_dim * 16, held[0][i]);
      load4(from + i * value_dim * 16 + half * 16, held[1][i]);
    }
    if (fresh && start == 0) {
#pragma unroll
      for (int i = 0; i < kParts; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) held[0][i][e] = held[1][i][e] = 0.f;
      }
    }
#pragma unroll 1
    for (int row = warp; row < count; row += warps) find_factors(m, row);
    const int draft = start + static_cast<int>(threadIdx.x) - advanced;
    if (threadIdx.x < count && draft >= 0 && draft < drafts) {
      float* to = head.pending_gates(p, s.slot, draft);
      to[0] = m.log_gate[threadIdx.x];
      to[head.heads] = m.beta[threadIdx.x];
    }
    __syncthreads();
    if (last_group && next_slot >= 0) ask_for_slot<KeyDim, ValueDim>(p, next_slot, resting);
#pragma unroll 1
    for (int row = 0; row < count; row++) {
      const float4* q = reinterpret_cast<const float4*>(m.mixed[row]) + quarter;
      const float4* k = reinterpret_cast<const float4*>(m.mixed[row] + KeyDim) + quarter;
      float by_key[2] = {0.f, 0.f}, by_query[2] = {0.f, 0.f};
#pragma unroll
      for (int i = 0; i < kParts; i++) {
        const float4 a = k[4 * i], b = q[4 * i];
#pragma unroll
        for (int c = 0; c < 2; c++) {
          by_key[c] = fmaf(held[c][i][0], a.x, by_key[c]), by_query[c] = fmaf(held[c][i][0], b.x, by_query[c]);
          by_key[c] = fmaf(held[c][i][1], a.y, by_key[c]), by_query[c] = fmaf(held[c][i][1], b.y, by_query[c]);
          by_key[c] = fmaf(held[c][i][2], a.z, by_key[c]), by_query[c] = fmaf(held[c][i][2], b.z, by_query[c]);
          by_key[c] = fmaf(held[c][i][3], a.w, by_key[c]), by_query[c] = fmaf(held[c][i][3], b.w, by_query[c]);
        }
      }
      const float decay = m.decay[row], key_factor = m.key_factor[row];
      float step[2];
#pragma unroll
      for (int c = 0; c < 2; c++) {
#pragma unroll
        for (int other = 1; other < 4; other <<= 1) {
          by_key[c] += __shfl_xor_sync(0xffffffffu, by_key[c], other);
          by_query[c] += __shfl_xor_sync(0xffffffffu, by_query[c], other);
        }
        const float value = m.mixed[row][2 * KeyDim + column + c * half];
        const float delta = m.beta[row] * fmaf(-decay * key_factor, by_key[c], value);
        // Sᵀq after the update is e^g·Sᵀq before it, and (k·q) d
        if (quarter == 0) {
          m.outputs[row][column + c * half] = fmaf(m.dot[row], delta, decay * m.query_factor[row] * by_query[c]);
        }
        step[c] = delta * key_factor;
      }
#pragma unroll
      for (int i = 0; i < kParts; i++) {
        const float4 a = k[4 * i];
#pragma unroll
        for (int c = 0; c < 2; c++) {
          held[c][i][0] = fmaf(step[c], a.x, decay * held[c][i][0]);
          held[c][i][1] = fmaf(step[c], a.y, decay * held[c][i][1]);
          held[c][i][2] = fmaf(step[c], a.z, decay * held[c][i][2]);
          held[c][i][3] = fmaf(step[c], a.w, decay * held[c][i][3]);
        }
      }
      if (start + row == advanced - 1) {
        State* state = own_head(p).state<State>(p, s.slot);
#pragma unroll
        for (int i = 0; i < kParts; i++) {
          store4(state + part + i * value_dim * 16, held[0][i]);
          store4(state + part + i * value_dim * 16 + half * 16, held[1][i]);
        }
      }
      // what the next row sees is what a slot would have held in between
      if (sizeof(State) == 2 && start + row + 1 < rows) {
#pragma unroll
        for (int i = 0; i < kParts; i++) {
#pragma unroll
          for (int c = 0; c < 2; c++) round_to<State>(held[c][i]);
        }
      }
    }
    if (!last_group) {
      State* to = resting + again(part);
#pragma unroll
      for (int i = 0; i < kParts; i++) {
        store4(to + i * value_dim * 16, held[0][i]);
        store4(to + i * value_dim * 16 + half * 16, held[1][i]);
      }
    }
    __syncthreads();
#pragma unroll 1
    for (int row = warp; row < count; row += warps) {
      if (start + row >= replay) {
        write_output(m.outputs[row], m.weights[row], value_dim, static_cast<float>(p.epsilon),
                     own_head(p).out(p, s.first + start + row - replay));
      }
    }
    __syncthreads();
  }
}

template <int KeyDim, int ValueDim, typename State>
__global__ void __launch_bounds__(256, ValueDim == 0 ? 1 : 2) delta_steps(const tenon_delta_net p, const Space space, int lanes) {
  TENON_DYNAMIC_SHARED(StepMemory<KeyDim>, memory);
  State* resting = reinterpret_cast<State*>(memory + 1);
  release_successor();
  prefetch_weights(p, own_head(p));
  if (p.settled == 0) wait_for_predecessor();
  const int sequences = at<const int>(p.rows.counts)[1];
  const int first_slot = blockIdx.z < lanes ? stepped_slot(p.rows, blockIdx.z, sequences) : -1;
  if (first_slot >= 0) ask_for_slot<KeyDim, ValueDim>(p, first_slot, resting);
  if (p.settled != 0) wait_for_predecessor();
  if (blockIdx.z == lanes) {
    if (blockIdx.x == 0 && blockIdx.y == 0) make_plan(p.rows, space, sequences);
    return;
  }
  bool asked = true;  // for the state of `index`, if it goes step by step
#pragma unroll 1
  for (int index = blockIdx.z; index < at<const int>(p.rows.counts)[1]; index += lanes) {
    const Sequence s = sequence_at(p.rows, index);
    const int next_slot = stepped_slot(p.rows, index + lanes, at<const int>(p.rows.counts)[1]);
    clear_idle_rows(p, s);
    if (s.active == 0 || s.chunked) {
      asked = false;
      continue;
    }
    if (!asked) ask_for_slot<KeyDim, ValueDim>(p, s.slot, resting);
    run_steps<KeyDim, ValueDim>(p, index, *memory, resting, next_slot);
    asked = true;
  }
}

}  // namespace tenon::delta

#endif
