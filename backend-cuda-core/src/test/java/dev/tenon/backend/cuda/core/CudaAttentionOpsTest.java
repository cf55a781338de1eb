package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.AttentionOpsContract;
import java.util.List;

class CudaAttentionOpsTest extends AttentionOpsContract implements CudaUnderTest {
  @Override
  protected List<int[]> shapes() {
    return List.of(
        new int[] {4, 2, 64}, new int[] {8, 1, 64}, new int[] {2, 2, 128}, new int[] {4, 2, 256});
  }
}
