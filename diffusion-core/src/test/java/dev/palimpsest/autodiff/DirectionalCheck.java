package dev.palimpsest.autodiff;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * ⟨v, Jᵀw⟩ by {@link Gradients} against ⟨w, Jv⟩ by central differences of fourth order, for random
 * v and w.
 */
final class DirectionalCheck {
  private final Draw draw;
  private final List<Value> outputs;
  private final List<double[]> cotangents = new ArrayList<>();
  private final List<Value> wanted;

  DirectionalCheck(Draw draw, List<Value> outputs) {
    this.draw = draw;
    this.outputs = outputs;
    this.wanted = List.copyOf(draw.inputs.keySet());
    outputs.forEach(output -> cotangents.add(draw.direction(output.shape().elements())));
  }

  /**
   * @param h the distance of the differences, in units of v, whose elements are in -1..1
   * @param tolerance relative to the sum of the sizes of all terms of both sides
   */
  void check(String what, double h, double tolerance) {
    List<double[]> v = new ArrayList<>();
    wanted.forEach(value -> v.add(draw.direction(value.shape().elements())));
    var named = new LinkedHashMap<String, Value>();
    for (int i = 0; i < outputs.size(); i++) {
      named.put("y" + i, outputs.get(i));
    }
    var constants = new ArrayList<Value>();
    for (int i = 0; i < outputs.size(); i++) {
      Value y = outputs.get(i);
      constants.add(Value.constant(Tensor.of(y.shape(), cotangents.get(i)).as(y.dtype())));
    }
    List<Value> gradients = Gradients.of(outputs, constants, wanted);
    for (int i = 0; i < wanted.size(); i++) {
      assertEquals(wanted.get(i).dims(), gradients.get(i).dims(), what);
      named.put("g" + i, gradients.get(i));
    }
    try (Session session = Session.open(Graph.of(what, named), name -> null, Device.cpu(1))) {
      Map<String, Tensor> at = session.run(moved(session, v, 0));
      double size = 0;
      double backward = 0;
      for (int i = 0; i < wanted.size(); i++) {
        double[] g = requireNonNull(at.get("g" + i)).doubles();
        for (int j = 0; j < g.length; j++) {
          backward += g[j] * v.get(i)[j];
          size += Math.abs(g[j] * v.get(i)[j]);
        }
      }
      for (int i = 0; i < outputs.size(); i++) {
        double[] y = requireNonNull(at.get("y" + i)).doubles();
        for (int j = 0; j < y.length; j++) {
          size += Math.abs(cotangents.get(i)[j] * y[j]);
        }
      }
      double near = value(session, v, h) - value(session, v, -h);
      double far = value(session, v, 2 * h) - value(session, v, -2 * h);
      double forward = (8 * near - far) / (12 * h);
      assertEquals(forward, backward, tolerance * size, what + " " + outputs);
    }
  }

  private double value(Session session, List<double[]> v, double step) {
    Map<String, Tensor> at = session.run(moved(session, v, step));
    double sum = 0;
    for (int i = 0; i < outputs.size(); i++) {
      double[] y = requireNonNull(at.get("y" + i)).doubles();
      for (int j = 0; j < y.length; j++) {
        sum += cotangents.get(i)[j] * y[j];
      }
    }
    return sum;
  }

  private Map<String, Tensor> moved(Session session, List<double[]> v, double step) {
    var inputs = new LinkedHashMap<String, Tensor>();
    for (int i = 0; i < wanted.size(); i++) {
      Value value = wanted.get(i);
      double[] x = requireNonNull(draw.inputs.get(value)).clone();
      for (int j = 0; j < x.length; j++) {
        x[j] += step * v.get(i)[j];
      }
      String name = requireNonNull(value.name());
      if (session.inputs().containsKey(name)) {
        inputs.put(name, Tensor.of(value.shape(), x).as(value.dtype()));
      }
    }
    return inputs;
  }
}
