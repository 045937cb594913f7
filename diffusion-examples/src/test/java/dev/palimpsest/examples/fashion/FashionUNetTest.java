package dev.palimpsest.examples.fashion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.attention.AttentionGraph;
import dev.palimpsest.model.UNet2DConfig;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.scheduler.Schedulers;
import java.util.List;
import org.junit.jupiter.api.Test;

class FashionUNetTest {
  @Test
  void isAClassConditionalNetworkWithLearnedVariance() {
    var network = new FashionUNet(28, List.of(24, 48, 48), 1);
    UNet2DConfig config = UNet2DConfig.of(network.config());
    assertEquals(1, config.inChannels());
    assertEquals(2, config.outChannels());
    assertEquals(10, config.classes().orElseThrow());
    // As diffusers counts them for this configuration.
    assertEquals(
        628_610,
        UNet2DModel.graph(network.config()).parameters().values().stream()
            .mapToLong(value -> value.shape().elements())
            .sum());
    assertEquals(4, AttentionGraph.of(UNet2DModel.graph(network.config())).sites().size());
  }

  @Test
  void itsSchedulerHasLearnedVarianceAndAThousandSteps() {
    var plan = Schedulers.fromConfig(FashionUNet.scheduler().asMap()).plan(50);
    assertEquals(true, plan.learnedVariance());
    assertEquals(1000, plan.noiseSchedule().timesteps());
  }

  @Test
  void aSideThatCannotBeHalved() {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> new FashionUNet(30, List.of(8, 8, 8), 1));
    assertEquals("3 levels need pictures whose side is divisible by 4, was 30", e.getMessage());
  }

  @Test
  void channelsThatNormalisationCannotGroup() {
    var e =
        assertThrows(IllegalArgumentException.class, () -> new FashionUNet(28, List.of(8, 12), 1));
    assertEquals("channels must be divisible by 8, were [8, 12]", e.getMessage());
  }

  @Test
  void noLevelsAndNoLayers() {
    assertThrows(IllegalArgumentException.class, () -> new FashionUNet(28, List.of(), 1));
    assertThrows(IllegalArgumentException.class, () -> new FashionUNet(28, List.of(8), 0));
  }
}
