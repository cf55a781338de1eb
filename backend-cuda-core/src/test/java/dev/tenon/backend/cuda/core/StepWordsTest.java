package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.backend.cuda.core.step.FakeDevice;
import dev.tenon.backend.cuda.core.step.StepFixture;
import dev.tenon.backend.cuda.core.step.StepState;
import org.junit.jupiter.api.Test;

/** The step package lays out as many words as the table of operations says. */
class StepWordsTest {
  private final StepState state = StepFixture.state(new FakeDevice());

  @Test
  void takeOver() {
    assertThat(state.takeOver(StepFixture.SHAPE)).hasSize(Operation.TAKE_OVER.words);
  }

  @Test
  void sample() {
    assertThat(state.sample(StepFixture.SHAPE, 0, 300)).hasSize(Operation.SAMPLE.words);
  }

  @Test
  void draft() {
    assertThat(state.draft(StepFixture.SHAPE, 0, 0, 300)).hasSize(Operation.DRAFT.words);
    assertThat(state.draft(StepFixture.SHAPE, 1, 0, 300)).hasSize(Operation.DRAFT.words);
  }
}
