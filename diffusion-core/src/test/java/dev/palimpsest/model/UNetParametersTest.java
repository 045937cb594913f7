package dev.palimpsest.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.tensor.Shape;
import java.io.IOException;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and shapes of the parameters of the published Stable Diffusion U-Nets. */
class UNetParametersTest {
  @ParameterizedTest
  @ValueSource(strings = {"sd15", "sd21", "sdxl"})
  void areThoseOfTheReference(String name) throws IOException {
    UNetCases.Network network =
        UNetCases.networks().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
    assertEquals(network.parameters(), parameters(network.config()));
  }

  private static TreeMap<String, Shape> parameters(Config config) {
    Graph graph = UNet2DConditionModel.graph(config);
    var out = new TreeMap<String, Shape>();
    graph.parameters().forEach((name, value) -> out.put(name, value.shape()));
    return out;
  }
}
