/** A speculative method as a third party would ship it. */
module com.example.ngram {
  requires dev.tenon.engine.api;
  requires static org.jspecify;

  provides dev.tenon.spi.speculation.SpeculatorProvider with
      com.example.ngram.NgramSpeculatorProvider;
}
