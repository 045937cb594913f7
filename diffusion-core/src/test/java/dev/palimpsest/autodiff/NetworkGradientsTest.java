package dev.palimpsest.autodiff;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.autodiff.SmallNetworks.Network;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of whole networks against differences along the gradients' own directions. */
class NetworkGradientsTest {
  private static final double H = 0.02;

  static List<Network> networks() throws IOException {
    return SmallNetworks.all();
  }

  @ParameterizedTest
  @MethodSource("networks")
  void everyParameterAgreesWithDifferences(Network network) {
    Map<String, float[]> gradients = gradients(network, Recomputation.none());
    check(network, gradients, List.copyOf(gradients.keySet()));
    var names = new ArrayList<>(gradients.keySet());
    Collections.shuffle(names, new Random(3));
    for (String name : names.subList(0, 2)) {
      check(network, gradients, List.of(name));
    }
  }

  static Map<String, float[]> gradients(Network network, Recomputation recomputation) {
    var outputs = new LinkedHashMap<String, Value>();
    var names = List.copyOf(network.graph().parameters().keySet());
    var values = network.gradients(recomputation);
    for (int i = 0; i < names.size(); i++) {
      outputs.put(names.get(i) + ".gradient", values.get(i));
    }
    var gradients = new LinkedHashMap<String, float[]>();
    try (Session session =
        Session.open(Graph.of("gradients", outputs), network.weights()::get, Device.cpu(2))) {
      var inputs = new LinkedHashMap<>(network.inputs());
      inputs.keySet().retainAll(session.inputs().keySet());
      Map<String, Tensor> run = session.run(inputs);
      names.forEach(
          name -> gradients.put(name, requireNonNull(run.get(name + ".gradient")).floats()));
    }
    return gradients;
  }

  /** Along the sum of the normalised gradients of some parameters. */
  private static void check(Network network, Map<String, float[]> gradients, List<String> names) {
    double slope = 0;
    for (String name : names) {
      slope += norm(requireNonNull(gradients.get(name)));
    }
    double h = H / Math.sqrt(names.size());
    double near = value(network, gradients, names, h) - value(network, gradients, names, -h);
    double far = value(network, gradients, names, 2 * h) - value(network, gradients, names, -2 * h);
    assertEquals(slope, (8 * near - far) / (12 * h), 0.01 * slope + 1e-4, network + " " + names);
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  private static double value(
      Network network, Map<String, float[]> gradients, List<String> names, double step) {
    var weights = new LinkedHashMap<>(network.weights());
    for (String name : names) {
      Tensor weight = requireNonNull(weights.get(name));
      float[] direction = requireNonNull(gradients.get(name));
      float[] moved = weight.floats().clone();
      double norm = norm(direction);
      for (int i = 0; i < moved.length && norm > 0; i++) {
        moved[i] += (float) (step * direction[i] / norm);
      }
      weights.put(name, Tensor.of(weight.shape(), moved));
    }
    Graph graph = Graph.of("forward", "out", network.output());
    try (Session session = Session.open(graph, weights::get, Device.cpu(2))) {
      float[] out = requireNonNull(session.run(network.inputs()).get("out")).floats();
      float[] cotangent = network.cotangent().floats();
      double sum = 0;
      for (int i = 0; i < out.length; i++) {
        sum += (double) out[i] * cotangent[i];
      }
      return sum;
    }
  }
}
