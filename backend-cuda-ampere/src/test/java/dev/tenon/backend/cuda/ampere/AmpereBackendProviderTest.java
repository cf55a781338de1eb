package dev.tenon.backend.cuda.ampere;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import org.junit.jupiter.api.Test;

class AmpereBackendProviderTest {
  @Test
  void isDeclaredByItsModuleAndAnswersWithAReasonInsteadOfThrowing() {
    assertThat(AmpereBackendProvider.class.getModule().getDescriptor().provides())
        .anySatisfy(provides ->
            assertThat(provides.providers())
                .containsExactly(AmpereBackendProvider.class.getName()));
    AmpereBackendProvider provider = new AmpereBackendProvider();
    assertThat(provider.id()).isEqualTo("cuda-ampere");
    assertThat(provider.spiVersion()).isEqualTo(Provider.SPI_VERSION);
    assertThat(provider.probe()).isInstanceOfAny(Probe.Unfit.class, Probe.Fit.class);
  }
}
