package dev.tenon.model.qwen3next;

import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelProvider;

/** Entry class of the Qwen3-Next family. */
public final class Qwen3NextProvider implements ModelProvider {
  static final String ID = "qwen3_next";
  private static final int SCORE = 100;

  /** Does nothing. */
  public Qwen3NextProvider() {}

  @Override
  public String id() {
    return ID;
  }

  @Override
  public int spiVersion() {
    return Provider.SPI_VERSION;
  }

  @Override
  public Probe recognise(Checkpoint checkpoint) {
    Object type = checkpoint.config().get("model_type");
    return ID.equals(type)
        ? new Probe.Fit(SCORE, "model_type is " + ID)
        : new Probe.Unfit("model_type is " + type + ", not " + ID);
  }

  @Override
  public ModelArchitecture describe(Checkpoint checkpoint) {
    return new Qwen3NextArchitecture(checkpoint, ConfigReader.read(checkpoint));
  }
}
