package dev.tenon.backend.cuda.hopper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import org.junit.jupiter.api.Test;

class HopperBackendProviderTest {
  @Test
  void isDeclaredByItsModuleAndAnswersWithAReasonInsteadOfThrowing() {
    assertThat(HopperBackendProvider.class.getModule().getDescriptor().provides())
        .anySatisfy(provides ->
            assertThat(provides.providers())
                .containsExactly(HopperBackendProvider.class.getName()));
    HopperBackendProvider provider = new HopperBackendProvider();
    assertThat(provider.id()).isEqualTo("cuda-hopper");
    assertThat(provider.spiVersion()).isEqualTo(Provider.SPI_VERSION);
    assertThat(provider.probe()).isInstanceOfAny(Probe.Unfit.class, Probe.Fit.class);
  }
}
