package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.StepBody;

/**
 * The two halves of a step.
 *
 * @param forward up to the logits
 * @param sample from the logits on
 */
record StepBodies(StepBody forward, StepBody sample) {
  void issueForward(CudaStep step) {
    step.takeOver();
    forward.issue(step);
  }

  void issueSample(CudaStep step) {
    sample.issue(step);
  }
}
