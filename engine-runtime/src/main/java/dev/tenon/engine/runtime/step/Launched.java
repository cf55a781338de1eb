package dev.tenon.engine.runtime.step;

import dev.tenon.engine.runtime.scheduler.StepPlan;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepTicket;

/** A step that the device works on. */
record Launched(StepPlan plan, StepBatch batch, StepTicket ticket) {}
