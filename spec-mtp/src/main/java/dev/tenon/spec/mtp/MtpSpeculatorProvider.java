package dev.tenon.spec.mtp;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.api.TenonException;
import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.model.DraftHead;
import dev.tenon.spi.speculation.Speculator;
import dev.tenon.spi.speculation.SpeculatorProvider;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Entry class of the method {@code mtp}, which configurations may also call by its older name. */
public final class MtpSpeculatorProvider implements SpeculatorProvider {
  /** Does nothing. */
  public MtpSpeculatorProvider() {}

  @Override
  public String id() {
    return "mtp";
  }

  @Override
  public int spiVersion() {
    return Provider.SPI_VERSION;
  }

  @Override
  public Set<String> methods() {
    return Set.of("mtp", "qwen3_next_mtp");
  }

  @Override
  public Drafter drafter() {
    return Drafter.MODEL_HEAD;
  }

  @Override
  public Speculator create(SpeculationConfig config, Ops ops, @Nullable DraftHead head) {
    if (head == null) {
      throw TenonException.of(
          ErrorCode.INVALID_CONFIGURATION,
          "speculative_config",
          config.method() + " needs a checkpoint with a drafting head, and this one has none");
    }
    return new MtpSpeculator(ops, head);
  }
}
