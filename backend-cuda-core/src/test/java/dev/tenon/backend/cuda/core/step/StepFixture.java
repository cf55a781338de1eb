package dev.tenon.backend.cuda.core.step;

import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.util.List;

/** Small batches and slots for tests. */
public final class StepFixture {
  static final int VOCABULARY = 300;
  static final StatePlan PLAN =
      new StatePlan(List.of(), 16, 8, 4, new StateLimits(100, 2, VOCABULARY));

  /** Bounds of the shapes. */
  public static final StepShape SHAPE = new StepShape(24, 3, 12, 2);

  private StepFixture() {}

  /** The state of four slots on a device. */
  public static StepState state(Device device) {
    return new StepState(device, PLAN, SHAPE);
  }

  static SlotSampling sampling(int logprobs, int promptLogprobs) {
    return new SlotSampling(
        0.5f,
        0.9f,
        20,
        0.1f,
        1,
        0,
        0,
        42,
        new int[0],
        new float[0],
        null,
        new int[0][],
        VOCABULARY,
        1,
        10,
        new int[] {7},
        logprobs,
        promptLogprobs);
  }

  static SlotSetup setup(int slot, SlotSampling sampling) {
    return new SlotSetup(slot, sampling, new int[] {1, 2, 3, 4}, 4);
  }

  /**
   * A prompt's first rows in slot 2, its logits all wanted, and a decode of slot 0 with two rows.
   */
  static StepBatch batch(List<SlotSetup> setups, int... logitsWanted) {
    return new StepBatch(
        9,
        setups,
        new int[] {2, 0, 5},
        new int[] {2, 0},
        new byte[] {StepBatch.PREFILL, StepBatch.DECODE},
        new int[] {0, 17},
        new int[] {0, 3, 5},
        new int[] {1, 2, 3, 0, 0},
        new int[] {4, -1},
        new int[] {0, 0},
        new int[] {0, 1, 2, 3, 4},
        logitsWanted);
  }
}
