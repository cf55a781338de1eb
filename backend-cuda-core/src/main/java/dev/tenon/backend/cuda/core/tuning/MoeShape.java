package dev.tenon.backend.cuda.core.tuning;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MoeWeights;
import java.util.Arrays;

/**
 * What a tuned file is for, besides the card.
 *
 * @param experts that a rank holds
 * @param inner their width on the rank
 * @param precision the end of the file's name: empty for bf16, else element type and scale block
 */
public record MoeShape(int experts, int inner, String precision) {
  /** Of a rank's share of a mixture. */
  public static MoeShape of(MoeWeights weights) {
    HostMatrix gate = weights.gate().getFirst();
    BlockScale scale = gate.scale();
    String precision =
        gate.type() != ElementType.F8_E4M3 || scale == null
            ? ""
            : ",dtype=fp8_w8a8,block_shape=[%d,%d]"
                .formatted(scale.blockRows(), scale.blockColumns());
    return new MoeShape(weights.gate().size(), gate.rows(), precision);
  }

  /** The name of its file for a card, as the driver calls it. */
  public String fileName(String card) {
    String name = card.strip().replace(' ', '_');
    // all variants of the H200 share one file
    boolean isH200 = Arrays.asList(name.split("_", -1)).contains("H200");
    return "E=%d,N=%d,device_name=%s%s.json"
        .formatted(experts, inner, isH200 ? "NVIDIA_H200" : name, precision);
  }
}
