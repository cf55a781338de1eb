/** Drafts by a model's own multi-token-prediction head. */
module dev.tenon.spec.mtp {
  requires dev.tenon.engine.api;
  requires static org.jspecify;

  provides dev.tenon.spi.speculation.SpeculatorProvider with
      dev.tenon.spec.mtp.MtpSpeculatorProvider;
}
