package dev.tenon.engine.runtime.ranks;

import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.util.function.Consumer;

/** All ranks are in this process. */
enum NoFollowers implements Followers {
  NONE;

  @Override
  public <T> T guard(Work<T> work) throws InterruptedException {
    return work.run();
  }

  @Override
  public long availableMemory() {
    return Long.MAX_VALUE;
  }

  @Override
  public void allocate(int maxLength, int pageSize, int pages, StepShape limits) {}

  @Override
  public void awaitAllocated() {}

  @Override
  public void capture() {}

  @Override
  public void awaitCaptured() {}

  @Override
  public void launch(StepBatch batch) {}

  @Override
  public void onLoss(Consumer<TenonException> listener) {}

  @Override
  public void abandon() {}

  @Override
  public void end() {}

  @Override
  public void close() {}
}
