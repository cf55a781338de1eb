// Delta nets over steps of prompts, decodes, drafts and replays; compares with the recurrence in double precision.
// sources: smxx/delta_net/*.cu
#include "check.h"
#include "../../main/native/abi/kernel_table.h"
#include "../../main/native/smxx/entry_points.h"

namespace {

using check::Device;

constexpr int kHistory = 3;

struct Shape {
  int key_heads, value_heads, key_dim, value_dim;
  int repeat() const { return value_heads / key_heads; }
  int group() const { return 2 * key_dim + 2 * repeat() * value_dim; }
  int projected() const { return key_heads * group(); }
  int channels() const { return 2 * key_heads * key_dim + value_heads * value_dim; }
  int head_width() const { return 2 * key_dim + value_dim; }
  int width() const { return value_heads * value_dim; }
  int state() const { return key_dim * value_dim; }
  // column of a projected row that holds a channel of the convolution
  int column(int channel) const {
    const int keys = key_heads * key_dim;
    if (channel < keys) return channel / key_dim * group() + channel % key_dim;
    if (channel < 2 * keys) return (channel - keys) / key_dim * group() + key_dim + channel % key_dim;
    const int v = channel - 2 * keys, head = v / value_dim;
    return head / repeat() * group() + 2 * key_dim + head % repeat() * value_dim + v % value_dim;
  }
  int gate_column(int head) const {
    return head / repeat() * group() + 2 * key_dim + (repeat() + head % repeat()) * value_dim;
  }
};

struct Row {
  std::vector<uint16_t> projected;
  std::vector<float> gates;
};

// A sequence of a step: its first `active` rows count, `committed` of them advance the state, the others are drafts.
struct Piece {
  int slot, position, replay, committed, active;
  std::vector<Row> rows;
};

double sigmoid(double x) { return 1 / (1 + exp(-x)); }

// What a slot holds, in double precision.
struct Slot {
  std::vector<std::vector<double>> window;
  std::vector<double> state;
  std::vector<Row> pending;
};

struct Net {
  Shape shape;
  int state_type, activation, slots, most_drafts;
  std::vector<float> taps, decay_log, time_bias, norm;
  double epsilon = 1e-6;
  Device<float> device_taps, device_decay, device_bias, device_norm;
  Device<uint16_t> window, pending_inputs;
  Device<float> pending_gates;
  Device<uint8_t> state;
  std::vector<Slot> wanted;
  double error = 0, greatest = 0;  // of outputs
  bool idle_rows_zero = true, untouched = true;
  int steps_run = 0;

  static std::vector<float> made(size_t count, float from, float to) {
    std::vector<float> values(count);
    for (float& v : values) v = std::uniform_real_distribution<float>(from, to)(check::random());
    return values;
  }

  Net(Shape shape, int state_type, int activation, int slots, int most_drafts)
      : shape(shape), state_type(state_type), activation(activation), slots(slots), most_drafts(most_drafts),
        taps(made(shape.channels() * 4, -0.8f, 0.8f)),
        decay_log(made(shape.value_heads, -6, 1)),
        time_bias(made(shape.value_heads, -2, 1)),
        norm(made(shape.value_dim, 0.5f, 1.5f)),
        device_taps(taps), device_decay(decay_log), device_bias(time_bias), device_norm(norm),
        window(size_t(slots) * shape.value_heads * kHistory * shape.head_width()),
        pending_inputs(size_t(slots) * shape.value_heads * most_drafts * shape.head_width()),
        pending_gates(size_t(slots) * most_drafts * 2 * shape.value_heads),
        state(size_t(slots) * shape.value_heads * shape.state() * (state_type == TENON_F32 ? 4 : 2)),
        wanted(slots) {}

  // Rows whose keys have a direction in common, so that they disturb each other.
  Row row() const {
    Row r;
    r.projected.resize(shape.projected());
    for (uint16_t& v : r.projected) v = check::narrow(check::normal() + 0.3f);
    r.gates.resize(2 * shape.value_heads);
    for (float& v : r.gates) v = check::normal();
    return r;
  }

  std::vector<Row> rows(int count) const {
    std::vector<Row> all;
    for (int i = 0; i < count; i++) all.push_back(row());
    return all;
  }

  Piece prompt(int slot, int position, std::vector<Row> all) const {
    const int count = static_cast<int>(all.size());
    return {slot, position, 0, count, count, std::move(all)};
  }
  Piece prompt(int slot, int position, int count) const { return prompt(slot, position, rows(count)); }
  Piece decode(int slot, int position, int replay, std::vector<Row> all) const {
    return {slot, position, replay, 1, static_cast<int>(all.size()), std::move(all)};
  }

  // Advances a slot by a row and, where wanted, gives the outputs.
  void advance(Slot& slot, const Row& row, std::vector<double>* out) const {
    const Shape& s = shape;
    std::vector<double> input(s.channels()), mixed(s.channels());
    for (int c = 0; c < s.channels(); c++) {
      input[c] = check::widen(row.projected[s.column(c)]);
      double sum = taps[c * 4 + 3] * input[c];
      for (int j = 0; j < kHistory; j++) sum += taps[c * 4 + j] * slot.window[j][c];
      mixed[c] = sum * sigmoid(sum);
    }
    slot.window.erase(slot.window.begin());
    slot.window.push_back(input);
    if (out) out->resize(s.width());
    for (int head = 0; head < s.value_heads; head++) {
      const int key_head = head / s.repeat(), in_group = head % s.repeat();
      const double* q = &mixed[key_head * s.key_dim];
      const double* k = &mixed[(s.key_heads + key_head) * s.key_dim];
      const double* v = &mixed[2 * s.key_heads * s.key_dim + head * s.value_dim];
      double qq = 1e-6, kk = 1e-6;
      for (int i = 0; i < s.key_dim; i++) qq += q[i] * q[i], kk += k[i] * k[i];
      const double query_factor = 1 / sqrt(qq * s.key_dim), key_factor = 1 / sqrt(kk);
      const float* gates = &row.gates[key_head * 2 * s.repeat() + in_group];
      const double beta = sigmoid(gates[0]);
      const double decay = exp(-exp(double(decay_log[head])) * log1p(exp(double(gates[s.repeat()]) + time_bias[head])));
      double* state = &slot.state[size_t(head) * s.state()];
      std::vector<double> o(s.value_dim);
      double squares = 0;
      for (int c = 0; c < s.value_dim; c++) {
        double read = 0;
        for (int i = 0; i < s.key_dim; i++) {
          state[i * s.value_dim + c] *= decay;
          read += state[i * s.value_dim + c] * k[i] * key_factor;
        }
        const double delta = beta * (v[c] - read);
        for (int i = 0; i < s.key_dim; i++) {
          state[i * s.value_dim + c] += k[i] * key_factor * delta;
          o[c] += state[i * s.value_dim + c] * q[i] * query_factor;
        }
        squares += o[c] * o[c];
      }
      if (!out) continue;
      for (int c = 0; c < s.value_dim; c++) {
        const double z = check::widen(row.projected[s.gate_column(head) + c]);
        const double gate = activation == 1 ? sigmoid(z) : z * sigmoid(z);
        (*out)[head * s.value_dim + c] = o[c] / sqrt(squares / s.value_dim + epsilon) * norm[c] * gate;
      }
    }
  }

  // Outputs that a piece must have, by row; changes its slot as the step must.
  std::vector<std::vector<double>> expect(const Piece& piece) {
    std::vector<std::vector<double>> out(piece.active);
    Slot& slot = wanted[piece.slot];
    if (piece.position == 0) {
      slot.window.assign(kHistory, std::vector<double>(shape.channels()));
      slot.state.assign(size_t(shape.value_heads) * shape.state(), 0);
      slot.pending.clear();
    }
    for (int i = 0; i < piece.replay; i++) advance(slot, slot.pending[i], nullptr);
    slot.pending.clear();
    for (int i = 0; i < piece.committed; i++) advance(slot, piece.rows[i], &out[i]);
    Slot copy = slot;
    for (int i = piece.committed; i < piece.active; i++) {
      advance(copy, piece.rows[i], &out[i]);
      slot.pending.push_back(piece.rows[i]);
    }
    return out;
  }

  // Runs a step, compares its outputs and returns them as they are.
  std::vector<uint16_t> step(const std::vector<Piece>& pieces, int spare_rows = 0, int spare_sequences = 0) {
    std::vector<int32_t> positions, slots_of_rows, sequence, sequence_slots, offsets = {0}, active, replay, committed;
    std::vector<uint16_t> projected;
    std::vector<float> gates;
    const int stride = shape.projected() + 8, gates_stride = 2 * shape.value_heads + 1;
    std::vector<std::vector<double>> expected;
    for (const Piece& piece : pieces) {
      std::vector<std::vector<double>> out;
      if (piece.slot >= 0 && piece.active > 0) out = expect(piece);
      for (size_t i = 0; i < piece.rows.size(); i++) {
        const bool is_active = piece.slot >= 0 && int(i) < piece.active;
        positions.push_back(is_active ? piece.position + int(i) : 0);
        slots_of_rows.push_back(is_active ? piece.slot : -1);
        sequence.push_back(int(sequence_slots.size()));
        projected.insert(projected.end(), piece.rows[i].projected.begin(), piece.rows[i].projected.end());
        projected.resize(positions.size() * stride, 0xffff);
        gates.insert(gates.end(), piece.rows[i].gates.begin(), piece.rows[i].gates.end());
        gates.resize(positions.size() * gates_stride, NAN);
        expected.push_back(is_active ? out[i] : std::vector<double>());
      }
      sequence_slots.push_back(piece.slot);
      offsets.push_back(int(positions.size()));
      active.push_back(piece.slot >= 0 ? piece.active : 0);
      replay.push_back(piece.replay);
      committed.push_back(piece.committed);
    }
    const int rows = int(positions.size()), sequences = int(pieces.size());
    const int most_rows = rows + spare_rows, most_sequences = sequences + spare_sequences;
    for (std::vector<int32_t>* list : {&sequence_slots, &active, &replay, &committed}) list->resize(most_sequences, 7777);
    offsets.resize(most_sequences + 1, 1 << 30);
    projected.resize(size_t(most_rows) * stride, 0xffff);
    gates.resize(size_t(most_rows) * gates_stride, NAN);
    Device<int32_t> counts(std::vector<int32_t>{rows, sequences, 0}), d_positions(positions), d_slots(slots_of_rows),
        d_sequence(sequence), d_sequence_slots(sequence_slots), d_offsets(offsets), d_active(active), d_replay(replay),
        d_committed(committed);
    Device<uint16_t> d_projected(projected), out(size_t(most_rows) * shape.width());
    Device<float> d_gates(gates);
    tenon_delta_net p = {};
    p.rows.max_rows = most_rows, p.rows.max_sequences = most_sequences;
    p.rows.counts = counts.address(), p.rows.positions = d_positions.address(), p.rows.slots = d_slots.address();
    p.rows.sequence = d_sequence.address(), p.rows.sequence_slots = d_sequence_slots.address();
    p.rows.sequence_offsets = d_offsets.address(), p.rows.sequence_active = d_active.address();
    p.rows.sequence_replay = d_replay.address(), p.rows.sequence_committed = d_committed.address();
    fill(p);
    p.projected = d_projected.address(), p.projected_stride = stride;
    p.gates = d_gates.address(), p.gates_stride = gates_stride;
    p.out = out.address();
    p.settled = steps_run++ % 2;  // everything was copied to the device before
    p.workspace_bytes = tenon_delta_net_workspace(&p);
    constexpr int kGuard = 1024;
    Device<uint8_t> workspace(p.workspace_bytes + kGuard);
    p.workspace = p.workspace_bytes ? workspace.address() : 0;
    CUDA(tenon_delta_net_launch(&p, nullptr));
    CUDA(cudaDeviceSynchronize());
    const std::vector<uint8_t> used = workspace.read();
    for (int i = 0; i < kGuard; i++) untouched &= used[p.workspace_bytes + i] == 0xff;
    std::vector<uint16_t> got = out.read();
    for (int row = 0; row < most_rows; row++) {
      for (int c = 0; c < shape.width(); c++) {
        const uint16_t bits = got[size_t(row) * shape.width() + c];
        if (row >= rows) {
          untouched &= bits == 0xffff;
        } else if (expected[row].empty()) {
          idle_rows_zero &= bits == 0;
        } else {
          const double off = fabs(check::widen(bits) - expected[row][c]);
          if (!(off <= error)) error = off;
          greatest = fmax(greatest, fabs(expected[row][c]));
        }
      }
    }
    got.resize(size_t(rows) * shape.width());
    return got;
  }

  void fill(tenon_delta_net& p) const {
    p.key_heads = shape.key_heads, p.value_heads = shape.value_heads, p.key_dim = shape.key_dim;
    p.value_dim = shape.value_dim, p.conv_width = 4, p.max_pending = most_drafts;
    p.convolution = device_taps.address(), p.decay_log = device_decay.address(), p.time_bias = device_bias.address();
    p.norm = device_norm.address(), p.epsilon = epsilon, p.gate_activation = activation;
    p.window = window.address(), p.pending_inputs = pending_inputs.address(), p.pending_gates = pending_gates.address();
    p.state_type = state_type, p.state = state.address();
  }

  // All bytes that a slot's state and window have on the device.
  std::vector<uint8_t> bits(int slot) const {
    std::vector<uint8_t> all = state.read();
    const size_t bytes = all.size() / slots;
    std::vector<uint8_t> own(all.begin() + slot * bytes, all.begin() + (slot + 1) * bytes);
    const std::vector<uint16_t> inputs = window.read();
    const size_t words = inputs.size() / slots;
    const uint8_t* from = reinterpret_cast<const uint8_t*>(&inputs[slot * words]);
    own.insert(own.end(), from, from + 2 * words);
    return own;
  }

  double state_error(int slot) const {
    const std::vector<uint8_t> all = state.read();
    double off = 0, most = 1e-30;
    for (int head = 0; head < shape.value_heads; head++) {
      for (int k = 0; k < shape.key_dim; k++) {
        for (int c = 0; c < shape.value_dim; c++) {
          const size_t index = (size_t(slot) * shape.value_heads + head) * shape.state() +
                               (k / 16 * shape.value_dim + c) * 16 + k % 16;
          float value;
          if (state_type == TENON_F32) {
            memcpy(&value, &all[index * 4], 4);
          } else {
            uint16_t narrow;
            memcpy(&narrow, &all[index * 2], 2);
            value = check::widen(narrow);
          }
          const double want = wanted[slot].state[(size_t(head) * shape.key_dim + k) * shape.value_dim + c];
          if (!(fabs(value - want) <= off)) off = fabs(value - want);
          most = fmax(most, fabs(want));
        }
      }
    }
    return off / most;
  }

  // bf16 outputs: rounded twice in chunks; a bf16 state drifts with every row that is rounded.
  double bound() const { return state_type == TENON_F32 ? 8e-3 : 4e-2; }

  void report(const char* what) {
    char line[200];
    snprintf(line, sizeof line, "%d/%d heads of %dx%d%s%s: %s", shape.key_heads, shape.value_heads, shape.key_dim, shape.value_dim,
             state_type == TENON_F32 ? "" : ", bf16 state", activation ? ", sigmoid" : "", what);
    check::report(line, error / fmax(greatest, 1e-30), bound());
    if (!untouched) check::require("  nothing beyond its rows and its workspace is written", false);
    if (!idle_rows_zero) check::require("  inactive rows are zero", false);
    error = greatest = 0;
  }
};

void lengths(Shape shape, int type, int activation) {
  Net net(shape, type, activation, 3, 0);
  for (int length : {1, 2, 3, 4, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129, 130, 200}) {
    net.step({net.prompt(1, 0, length)}, length % 3, length % 2);
    const double off = net.state_error(1);
    net.step({net.decode(1, length, 0, net.rows(1))});
    char what[80];
    snprintf(what, sizeof what, "prompt of %d and a decode", length);
    net.report(what);
    const double bound = type == TENON_BF16 ? 2e-2 : length > 64 ? 2e-3 : 1e-5;
    if (off > bound) check::report("  state", off, bound);
  }
}

void splits(Shape shape, int type) {
  Net net(shape, type, 0, 2, 0);
  for (const std::vector<int>& parts : {std::vector<int>{64, 64, 72}, {130, 70}, {1, 199}, {31, 33, 136}, {65, 65, 70}, {192, 2}}) {
    int position = 0;
    char what[80] = "split prompt";
    for (int rows : parts) {
      net.step({net.prompt(0, position, rows)});
      position += rows;
      snprintf(what + strlen(what), sizeof what - strlen(what), " %d", rows);
    }
    net.step({net.decode(0, position, 0, net.rows(1))});
    net.report(what);
  }
}

// Decodes with drafts, of which some are accepted, next to a slot that decodes the accepted rows one by one.
void drafts(Shape shape, int type, int most) {
  for (int count = 1; count <= most; count++) {
    for (int accepted = 0; accepted <= count; accepted++) {
      Net net(shape, type, 0, 2, most);
      const std::vector<Row> start = net.rows(5), first = net.rows(1 + count), second = net.rows(1 + count), last = net.rows(1);
      net.step({net.prompt(0, 0, start), net.prompt(1, 0, start)});
      net.step({net.decode(0, 5, 0, first)});
      net.step({net.decode(0, 6 + accepted, accepted, second)});
      const std::vector<uint16_t> out = net.step({net.decode(0, 7 + accepted, 0, last)});
      net.step({net.decode(1, 5, 0, {first[0]})});
      for (int i = 0; i < accepted; i++) net.step({net.decode(1, 6 + i, 0, {first[1 + i]})});
      net.step({net.decode(1, 6 + accepted, 0, {second[0]})});
      const std::vector<uint16_t> plain = net.step({net.decode(1, 7 + accepted, 0, last)});
      char what[80];
      snprintf(what, sizeof what, "%d of %d drafts accepted", accepted, count);
      net.report(what);
      check::require("  as without drafts, bit by bit", out == plain && net.bits(0) == net.bits(1));
    }
  }
}

void mixed(Shape shape, int type) {
  const int most = 2;
  std::vector<uint8_t> state[2];
  std::vector<uint16_t> out[2];
  Net net(shape, type, 0, 9, most);
  net.step({net.prompt(0, 0, 3), net.prompt(1, 0, 70), net.prompt(2, 0, 40), net.prompt(6, 0, 1)});
  net.step({net.decode(0, 3, 0, net.rows(3)), net.decode(2, 40, 0, net.rows(2))});
  const std::vector<uint8_t> bystander = net.bits(6);
  std::vector<Piece> pieces = {net.decode(0, 5, 1, net.rows(3)),  // one draft of two accepted
                               net.prompt(3, 0, 130),
                               {-1, 0, 0, 0, 0, net.rows(2)},
                               net.prompt(1, 70, 65),             // goes on from a state
                               net.decode(2, 41, 0, net.rows(1)), // its draft was rejected
                               net.prompt(4, 0, 7),
                               {5, 0, 0, 1, 1, net.rows(3)},      // two of three rows are inactive
                               net.prompt(7, 0, 66)};
  const std::vector<uint8_t> states = net.state.read();
  const std::vector<uint16_t> windows = net.window.read(), inputs = net.pending_inputs.read();
  const std::vector<float> gates = net.pending_gates.read();
  const std::vector<Slot> wanted = net.wanted;
  for (int turn = 0; turn < 2; turn++) {
    CUDA(cudaMemcpy(net.state.at, states.data(), states.size(), cudaMemcpyHostToDevice));
    CUDA(cudaMemcpy(net.window.at, windows.data(), 2 * windows.size(), cudaMemcpyHostToDevice));
    CUDA(cudaMemcpy(net.pending_inputs.at, inputs.data(), 2 * inputs.size(), cudaMemcpyHostToDevice));
    CUDA(cudaMemcpy(net.pending_gates.at, gates.data(), 4 * gates.size(), cudaMemcpyHostToDevice));
    net.wanted = wanted;
    out[turn] = net.step(pieces, 90, 3);
    for (int slot = 0; slot < 8; slot++) {
      const std::vector<uint8_t> own = net.bits(slot);
      state[turn].insert(state[turn].end(), own.begin(), own.end());
    }
  }
  net.report("mixed step");
  check::require("  the same bits twice", out[0] == out[1] && state[0] == state[1]);
  check::require("  a slot that is not in the step stays as it is", net.bits(6) == bystander);
  net.step({net.decode(0, 6, 2, net.rows(1)), net.decode(3, 130, 0, net.rows(1)), net.decode(1, 135, 0, net.rows(2)),
            net.decode(4, 7, 0, net.rows(1)), net.decode(7, 66, 0, net.rows(1)), net.prompt(2, 0, 5)});
  net.report("decodes after it, and a slot used again");

  // the same decode alone and in company
  Net twins(shape, type, 0, 2, most);
  const std::vector<Row> start = twins.rows(6), next = twins.rows(3);
  twins.step({twins.prompt(0, 0, start)});
  twins.step({twins.prompt(1, 0, start)});
  const std::vector<uint16_t> alone = twins.step({twins.decode(0, 6, 0, next)});
  std::vector<uint16_t> together = twins.step({{-1, 0, 0, 0, 0, twins.rows(1)}, twins.decode(1, 6, 0, next), {-1, 0, 0, 0, 0, twins.rows(70)}}, 5, 1);
  together.erase(together.begin(), together.begin() + shape.width());
  together.resize(alone.size());
  check::require("  a decode alone and in a batch, bit by bit", alone == together && twins.bits(0) == twins.bits(1));
}

// More sequences than a head has blocks, so that blocks go from one to the next, past some that need nothing of them.
void crowd(Shape shape, int type) {
  const int count = 80;
  Net net(shape, type, 0, count, 1);
  std::vector<Piece> pieces;
  for (int i = 0; i < count; i++) pieces.push_back(net.prompt(i, 0, i == 40 ? 70 : 1 + i % 3));
  net.step(pieces, 10, 5);
  for (int i = 0; i < count; i++) {
    const int length = int(pieces[i].rows.size());
    if (i % 7 == 3) {
      pieces[i] = {-1, 0, 0, 0, 0, net.rows(1)};
    } else {
      pieces[i] = i == 41 ? net.prompt(i, length, 66) : net.decode(i, length, 0, net.rows(1 + i % 2));
    }
  }
  net.step(pieces, 3, 1);
  net.report("80 sequences");
}

void pending_before_a_prompt(Shape shape) {
  Net net(shape, TENON_F32, 0, 1, 3);
  net.step({net.prompt(0, 0, 4)});
  net.step({net.decode(0, 4, 0, net.rows(4))});
  Piece piece = net.prompt(0, 7, 70);
  piece.replay = 2;
  net.step({piece});
  net.step({net.decode(0, 77, 0, net.rows(1))});
  net.report("accepted drafts before a long prompt");
}

void segments(Shape shape) {
  Net net(shape, TENON_F32, 0, 2, 0);
  const int rows = 64 * 65 + 10;
  net.step({net.prompt(1, 0, 200), net.prompt(0, 0, rows)});
  net.step({net.decode(0, rows, 0, net.rows(1)), net.decode(1, 200, 0, net.rows(1))});
  net.report("more chunks than are worked on at a time");
}

// A long prompt alone and behind another, where its segments end elsewhere.
void long_prompt_in_company(Shape shape, int type) {
  Net net(shape, type, 0, 3, 0);
  const std::vector<Row> all = net.rows(64 * 66);
  const std::vector<uint16_t> alone = net.step({net.prompt(0, 0, all)});
  std::vector<uint16_t> together = net.step({net.prompt(2, 0, 700), net.prompt(1, 0, all)});
  together.erase(together.begin(), together.begin() + 700 * shape.width());
  net.report("a long prompt alone and behind another");
  check::require("  the same, bit by bit", alone == together && net.bits(0) == net.bits(1));
}

// What `time` is to time: all whose description holds this.
const char* timed = "";

// One step of `sequences` decodes with drafts, or prompts, of the 80B shape, over several layers' states in turn.
void time(const char* what, int sequences, int rows_each, bool prompts, int type, bool settled = true) {
  if (strstr(what, timed) == nullptr) return;
  const Shape shape = {16, 32, 128, 128};
  const int slots = sequences, drafts = prompts ? 0 : rows_each - 1, rows = sequences * rows_each;
  const int layers = 1 + int(std::min<int64_t>(15, 400000000ll / (int64_t(sequences) * 2097152)));
  std::vector<Net*> nets;
  for (int i = 0; i < layers; i++) {
    nets.push_back(new Net(shape, type, 0, slots, std::max(1, drafts)));
    CUDA(cudaMemset(nets.back()->state.at, 0, nets.back()->state.size));
    CUDA(cudaMemset(nets.back()->window.at, 0, nets.back()->window.size * 2));
    CUDA(cudaMemset(nets.back()->pending_inputs.at, 0, nets.back()->pending_inputs.size * 2));
    CUDA(cudaMemset(nets.back()->pending_gates.at, 0, nets.back()->pending_gates.size * 4));
  }
  std::vector<int32_t> positions(rows, 1000), row_slots(rows), sequence(rows), sequence_slots(sequences), offsets(sequences + 1),
      active(sequences, rows_each), replay(sequences, drafts), committed(sequences, prompts ? rows_each : 1);
  for (int i = 0; i < rows; i++) row_slots[i] = sequence[i] = i / rows_each;
  for (int i = 0; i <= sequences; i++) offsets[i] = i * rows_each;
  for (int i = 0; i < sequences; i++) sequence_slots[i] = i;
  std::vector<uint16_t> projected(size_t(rows) * shape.projected());
  for (size_t i = 0; i < projected.size(); i++) projected[i] = check::narrow(float(int(i * 2654435761u >> 16 & 0xff) - 128) / 64);
  Device<int32_t> counts(std::vector<int32_t>{rows, sequences, 0}), d_positions(positions), d_slots(row_slots), d_sequence(sequence),
      d_sequence_slots(sequence_slots), d_offsets(offsets), d_active(active), d_replay(replay), d_committed(committed);
  Device<uint16_t> d_projected(projected), out(size_t(rows) * shape.width());
  Device<float> d_gates(std::vector<float>(size_t(rows) * 64, 0.1f));
  tenon_delta_net p = {};
  p.rows.max_rows = rows, p.rows.max_sequences = sequences;
  p.rows.counts = counts.address(), p.rows.positions = d_positions.address(), p.rows.slots = d_slots.address();
  p.rows.sequence = d_sequence.address(), p.rows.sequence_slots = d_sequence_slots.address();
  p.rows.sequence_offsets = d_offsets.address(), p.rows.sequence_active = d_active.address();
  p.rows.sequence_replay = d_replay.address(), p.rows.sequence_committed = d_committed.address();
  p.projected = d_projected.address(), p.projected_stride = shape.projected();
  p.gates = d_gates.address(), p.gates_stride = 64;
  p.out = out.address();
  p.settled = settled;
  nets[0]->fill(p);
  p.workspace_bytes = tenon_delta_net_workspace(&p);
  Device<uint8_t> workspace(p.workspace_bytes + 1);
  p.workspace = workspace.address();
  // a captured graph of twenty layers, so that what a launch costs the host is hidden
  constexpr int kChain = 20;
  cudaStream_t stream;
  CUDA(cudaStreamCreate(&stream));
  cudaGraph_t graph;
  cudaGraphExec_t ready;
  CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (int i = 0; i < kChain; i++) {
    nets[i % layers]->fill(p);
    CUDA(tenon_delta_net_launch(&p, stream));
  }
  CUDA(cudaStreamEndCapture(stream, &graph));
  CUDA(cudaGraphInstantiate(&ready, graph, 0));
  const double micros = check::median_micros([&](int) { CUDA(cudaGraphLaunch(ready, nullptr)); }, 20) / kChain;
  const double state_bytes = 2.0 * sequences * shape.value_heads * shape.state() * (type == TENON_F32 ? 4 : 2);
  if (prompts) {
    const double flops = 2.0 * rows * shape.value_heads * (4 * shape.state() + 2 * 64 * shape.value_dim + 2 * 32 * shape.key_dim);
    printf("time %-28s: %8.1f us, %6.2f us per 64 rows of a sequence, %.0f TFLOP/s\n", what, micros, micros * 64 / rows_each,
           flops / micros / 1e6);
  } else {
    printf("time %-28s: %8.1f us, %.2f TB/s, %.0f %% of 3.95\n", what, micros, state_bytes / micros / 1e6,
           state_bytes / micros / 3.95e4);
  }
  CUDA(cudaGraphExecDestroy(ready));
  CUDA(cudaGraphDestroy(graph));
  CUDA(cudaStreamDestroy(stream));
  for (Net* net : nets) delete net;
}

void time_all() {
  for (int type : {TENON_F32, TENON_BF16}) {
    for (int batch : {1, 16, 64, 128, 256}) {
      char what[80];
      snprintf(what, sizeof what, "%d decodes, %s", batch, type == TENON_F32 ? "f32" : "bf16");
      time(what, batch, 1, false, type);
    }
  }
  time("1 decode, f32, not settled", 1, 1, false, TENON_F32, false);
  time("64 decodes, f32, not settled", 64, 1, false, TENON_F32, false);
  time("64 decodes, 2 drafts, f32", 64, 3, false, TENON_F32);
  time("prompt of 2048", 1, 2048, true, TENON_F32);
  time("prompt of 8192", 1, 8192, true, TENON_F32);
  time("16 prompts of 512", 16, 512, true, TENON_F32);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "time") == 0 && !check::kBrief) {
    if (argc > 2) timed = argv[2];
    time_all();
    return 0;
  }
  const Shape wide = {2, 4, 128, 128}, small = {1, 1, 32, 64}, medium = {1, 2, 64, 32};
  lengths(small, TENON_F32, 0);
  lengths(medium, TENON_F32, 1);
  lengths(check::kBrief ? Shape{1, 2, 128, 128} : wide, TENON_F32, 0);
  lengths(small, TENON_BF16, 0);
  splits(small, TENON_F32);
  splits(medium, TENON_BF16);
  splits({1, 1, 128, 32}, TENON_F32);
  drafts(small, TENON_F32, 10);  // more than a group of rows
  drafts(medium, TENON_BF16, 9);
  mixed(small, TENON_F32);
  mixed(medium, TENON_BF16);
  mixed(check::kBrief ? Shape{1, 1, 128, 128} : wide, TENON_F32);
  crowd({4, 8, 32, 32}, TENON_F32);
  crowd({4, 8, 32, 32}, TENON_BF16);
  pending_before_a_prompt(small);
  segments(small);
  long_prompt_in_company(small, TENON_F32);
  long_prompt_in_company(small, TENON_BF16);
  if (!check::kBrief) {
    splits(wide, TENON_F32);
    drafts(wide, TENON_F32, 3);
    mixed({4, 8, 128, 128}, TENON_BF16);
    lengths({16, 32, 128, 128}, TENON_F32, 0);
    drafts({16, 32, 128, 128}, TENON_F32, 9);
  }
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
