package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.TensorSpec;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A denoiser over a native session: a network of ours or an ONNX file. */
final class SessionDenoiser implements Denoiser {
  private final Session session;
  private final Map<String, String> names;
  private final int channels;
  private final PredictionType predictionType;
  private final boolean predictsVariance;
  private final @Nullable EditableNetwork editable;

  /**
   * @param names what the session calls {@code sample}, {@code timestep} and the conditioning's
   *     tensors, where it calls them otherwise
   * @param editable opens the network with attention edits; closed with this
   */
  SessionDenoiser(
      Session session,
      Map<String, String> names,
      int channels,
      PredictionType predictionType,
      boolean predictsVariance,
      @Nullable EditableNetwork editable) {
    this.session = session;
    this.names = Map.copyOf(names);
    this.channels = channels;
    this.predictionType = predictionType;
    this.predictsVariance = predictsVariance;
    this.editable = editable;
  }

  /** The same over the network with edits, which somebody else closes. */
  SessionDenoiser with(Session edited) {
    return new SessionDenoiser(edited, names, channels, predictionType, predictsVariance, null);
  }

  EditableNetwork editable() {
    checkState(editable != null, "network %s is edited already", session.name());
    return editable;
  }

  Set<String> inputs() {
    return session.inputs().keySet();
  }

  Set<String> outputs() {
    return session.outputs().keySet();
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public PredictionType predictionType() {
    return predictionType;
  }

  @Override
  public boolean predictsVariance() {
    return predictsVariance;
  }

  @Override
  public Tensor predict(
      Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
    return prediction(evaluate(x, timestep, conditioning, cancellation));
  }

  /** The first of the outputs, float32. */
  static Tensor prediction(Map<String, Tensor> outputs) {
    return outputs.values().iterator().next().as(DType.FLOAT32);
  }

  /** All outputs of one evaluation by name, the prediction first. */
  Map<String, Tensor> evaluate(
      Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
    var given = new HashMap<String, Tensor>();
    given.put(nameOf("sample"), x);
    conditioning.tensors().forEach((name, tensor) -> given.put(nameOf(name), tensor));
    given.putAll(conditioning.shared());
    TensorSpec timestepSpec = spec(nameOf("timestep"));
    given.put(timestepSpec.name(), timestep(timestepSpec, timestep, x.shape().dim(0)));
    var inputs = new LinkedHashMap<String, Tensor>();
    for (TensorSpec spec : session.inputs().values()) {
      Tensor tensor = given.remove(spec.name());
      checkArgument(
          tensor != null,
          "network %s needs an input %s, which this model's conditioning lacks",
          session.name(),
          spec);
      inputs.put(spec.name(), tensor.dtype().isFloating() ? tensor.as(spec.dtype()) : tensor);
    }
    checkArgument(
        given.isEmpty(),
        "network %s takes no input %s; it takes %s",
        session.name(),
        given.keySet(),
        session.inputs().keySet());
    return session.run(inputs, cancellation);
  }

  private String nameOf(String name) {
    return names.getOrDefault(name, name);
  }

  private TensorSpec spec(String name) {
    TensorSpec spec = session.inputs().get(name);
    checkArgument(
        spec != null,
        "network %s has no input %s; its inputs are %s",
        session.name(),
        name,
        session.inputs().keySet());
    return spec;
  }

  /** As the network declares it: a scalar, one value or one a row; cut to whole if it says so. */
  private static Tensor timestep(TensorSpec spec, double timestep, long rows) {
    boolean one = spec.dims().rank() == 0 || spec.dims().get(0).is(1) || !isBatch(spec);
    Shape shape = spec.dims().rank() == 0 ? Shape.scalar() : Shape.of(one ? 1 : rows);
    int count = (int) shape.elements();
    if (spec.dtype().isFloating()) {
      float[] values = new float[count];
      Arrays.fill(values, (float) timestep);
      return Tensor.of(shape, values).as(spec.dtype());
    }
    long[] values = new long[count];
    Arrays.fill(values, (long) timestep);
    return spec.dtype() == DType.INT32
        ? Tensor.of(shape, Arrays.stream(values).mapToInt(value -> (int) value).toArray())
        : Tensor.of(shape, values);
  }

  private static boolean isBatch(TensorSpec spec) {
    String symbol = spec.dims().get(0).toString();
    return symbol.contains("batch");
  }

  @Override
  public void close() {
    if (editable != null) {
      editable.close();
    }
    session.close();
  }

  @Override
  public String toString() {
    return session.name();
  }
}
