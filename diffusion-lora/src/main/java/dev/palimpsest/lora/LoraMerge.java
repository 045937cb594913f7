package dev.palimpsest.lora;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Dim;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/**
 * The arithmetic of merging, as graphs of matrices of any size: W + s·BA, and with a magnitude m
 * the result's rows at lengths m. Whoever opens it closes it. Source: peft
 * LoraLayer.get_delta_weight, DoraLinearLayer.
 */
final class LoraMerge implements AutoCloseable {
  private static final String WEIGHT = "weight";
  private static final String DOWN = "down";
  private static final String UP = "up";
  private static final String SCALE = "scale";
  private static final String MAGNITUDE = "magnitude";
  private static final String MERGED = "merged";

  private final Map<Kind, Session> sessions = new EnumMap<>(Kind.class);

  private enum Kind {
    PLAIN,
    DORA
  }

  private static Graph graph(Kind kind) {
    Dim out = Dim.symbol("out");
    Dim in = Dim.symbol("in");
    Dim rank = Dim.symbol("rank");
    Value weight = Value.input(WEIGHT, DType.FLOAT32, Dims.of(out, in));
    Value down = Value.input(DOWN, DType.FLOAT32, Dims.of(rank, in));
    Value up = Value.input(UP, DType.FLOAT32, Dims.of(out, rank));
    Value scale = Value.input(SCALE, DType.FLOAT32, Dims.of(1));
    Value sum = weight.add(up.mul(scale).matmul(down));
    if (kind == Kind.DORA) {
      Value lengths = Value.input(MAGNITUDE, DType.FLOAT32, Dims.of(out)).reshape(-1, 1);
      sum = sum.mul(lengths.div(sum.mul(sum).sum(1).sqrt()));
    }
    return Graph.of("merge", MERGED, sum);
  }

  /** The weight with the module in it, in the weight's type and shape. */
  Tensor merged(Tensor weight, LoraModule module, double strength) {
    Shape matrix = Shape.of(weight.shape().dim(0), weight.elements() / weight.shape().dim(0));
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put(WEIGHT, weight.as(DType.FLOAT32).reshape(matrix));
    inputs.put(DOWN, matrix(module.down(), module.rank(), matrix.dim(1)));
    inputs.put(UP, matrix(module.up(), matrix.dim(0), module.rank()));
    inputs.put(SCALE, Tensor.of(Shape.of(1), new float[] {(float) (strength * module.scaling())}));
    module.magnitude().ifPresent(m -> inputs.put(MAGNITUDE, m.as(DType.FLOAT32)));
    Kind kind = module.magnitude().isPresent() ? Kind.DORA : Kind.PLAIN;
    Tensor merged = Tensor.wrap(DType.FLOAT32, matrix, Tensor.allocate(DType.FLOAT32, matrix));
    session(kind).run(inputs, Map.of(MERGED, merged), new Cancellation());
    return merged.reshape(weight.shape()).as(weight.dtype());
  }

  private Session session(Kind kind) {
    return requireNonNull(
        sessions.computeIfAbsent(
            kind,
            missing ->
                Session.open(
                    graph(missing),
                    name -> {
                      throw new IllegalStateException(name);
                    },
                    Device.cpu())));
  }

  private static Tensor matrix(Tensor kernel, long rows, long columns) {
    return kernel.as(DType.FLOAT32).reshape(Shape.of(rows, columns));
  }

  @Override
  public void close() {
    sessions.values().forEach(Session::close);
  }
}
