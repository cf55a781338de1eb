package com.example.ngram;

import dev.tenon.engine.tck.contract.OnHostSpeculatorContract;
import dev.tenon.spi.speculation.SpeculatorProvider;

class NgramContractTest extends OnHostSpeculatorContract {
  @Override
  protected SpeculatorProvider provider() {
    return new NgramSpeculatorProvider();
  }
}
