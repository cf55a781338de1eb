package dev.tenon.backend.cuda.blackwell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import org.junit.jupiter.api.Test;

class BlackwellBackendProviderTest {
  @Test
  void isDeclaredByItsModuleAndAnswersWithAReasonInsteadOfThrowing() {
    assertThat(BlackwellBackendProvider.class.getModule().getDescriptor().provides())
        .anySatisfy(provides ->
            assertThat(provides.providers())
                .containsExactly(BlackwellBackendProvider.class.getName()));
    BlackwellBackendProvider provider = new BlackwellBackendProvider();
    assertThat(provider.id()).isEqualTo("cuda-blackwell");
    assertThat(provider.spiVersion()).isEqualTo(Provider.SPI_VERSION);
    assertThat(provider.probe()).isInstanceOfAny(Probe.Unfit.class, Probe.Fit.class);
  }
}
