package dev.tenon.backend.cuda.core;

/**
 * What a step takes, learned by issuing its bodies without a launch.
 *
 * @param workBytes most bytes of temporary buffers at once
 * @param operations launches and exchanges
 */
record StepMeasure(long workBytes, int operations) {
  static StepMeasure of(StepContext context, CudaStep step, StepBodies bodies) {
    WorkMemory measure = WorkMemory.measuring();
    int operations =
        context.measure(
            measure,
            () -> {
              bodies.issueForward(step);
              bodies.issueSample(step);
            });
    return new StepMeasure(measure.peak(), operations);
  }
}
