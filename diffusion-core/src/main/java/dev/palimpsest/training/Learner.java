package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.TrainingDivergedException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.Slices.Slice;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** What turns gradients into changed weights: the optimiser with its moments, and the average. */
final class Learner {
  private static final String EMA = "ema";

  /** Fits the fastest caches. */
  private static final int CHUNK = 1 << 11;

  private final Trainables weights;
  private final Optimizer optimizer;
  private final Optional<Ema> ema;
  private final Map<String, Map<String, float[]>> kept = new LinkedHashMap<>();
  private final ToDoubleFunction<String> rates;
  private final Slices slices;

  /**
   * @param rates what the learning rate is multiplied by for each weight
   */
  Learner(
      Trainables weights, Optimizer optimizer, Optional<Ema> ema, ToDoubleFunction<String> rates) {
    this.weights = weights;
    this.optimizer = optimizer;
    this.ema = ema;
    this.rates = rates;
    Map<String, Shape> shapes = new TreeMap<>();
    weights.names().forEach(name -> shapes.put(name, weights.shape(name)));
    slices = Slices.of(shapes);
    optimizer.moments().forEach(moment -> kept.put(moment, zeros(shapes)));
    checkArgument(!kept.containsKey(EMA), "a moment cannot be called %s", EMA);
    if (ema.isPresent()) {
      Map<String, float[]> averages = new TreeMap<>();
      shapes.forEach((name, shape) -> averages.put(name, weights.tensor(name).floats()));
      kept.put(EMA, averages);
    }
  }

  private static Map<String, float[]> zeros(Map<String, Shape> shapes) {
    Map<String, float[]> zeros = new TreeMap<>();
    shapes.forEach((name, shape) -> zeros.put(name, new float[(int) shape.elements()]));
    return zeros;
  }

  /** The length of all gradients taken as one vector. */
  double norm(Map<String, float[]> gradients) {
    return Math.sqrt(slices.sum(slice -> squares(array(gradients, slice.name()), slice)));
  }

  private static double squares(float[] values, Slice slice) {
    double sum = 0;
    for (int i = slice.from(); i < slice.from() + slice.count(); i++) {
      sum += (double) values[i] * values[i];
    }
    return sum;
  }

  /**
   * One step.
   *
   * @param step from 1
   * @param factor what gradients are multiplied by first
   * @throws TrainingDivergedException if no weight changes although the rate and a gradient are not
   *     zero
   */
  void step(Map<String, float[]> gradients, double factor, long step, double learningRate) {
    Map<Double, Optimizer.Rule> rules = rules(step, learningRate);
    var pushed = new AtomicBoolean();
    var moved = new AtomicBoolean();
    slices.forEach(
        slice -> {
          Optimizer.Rule rule = rules.get(rates.applyAsDouble(slice.name()));
          var work = new Work(slice, (float) factor, requireNonNull(rule));
          work.run(array(gradients, slice.name()), ema.isPresent() ? ema.get().decayAt(step) : 0);
          pushed.compareAndSet(false, work.pushed);
          moved.compareAndSet(false, work.moved);
        });
    if (pushed.get() && !moved.get() && learningRate != 0) {
      throw new TrainingDivergedException(
          String.format(
              "step %d moved no weight although gradients are not zero; the learning rate is %s",
              step, learningRate));
    }
  }

  /** The rule of each rate that some weight has. */
  private Map<Double, Optimizer.Rule> rules(long step, double learningRate) {
    Map<Double, Optimizer.Rule> rules = new TreeMap<>();
    for (String name : weights.names()) {
      rules.computeIfAbsent(
          rates.applyAsDouble(name), share -> optimizer.rule(step, share * learningRate));
    }
    return rules;
  }

  private static float[] array(Map<String, float[]> arrays, String name) {
    float[] array = arrays.get(name);
    checkArgument(array != null, "no gradient of %s", name);
    return requireNonNull(array);
  }

  /** The step of one slice, in chunks. */
  private final class Work {
    final Slice slice;
    final float factor;
    final Optimizer.Rule rule;
    final float[][] arrays;
    boolean pushed;
    boolean moved;

    Work(Slice slice, float factor, Optimizer.Rule rule) {
      this.slice = slice;
      this.factor = factor;
      this.rule = rule;
      this.arrays =
          kept.values().stream().map(map -> array(map, slice.name())).toArray(float[][]::new);
    }

    void run(float[] gradients, double decay) {
      float[] w = new float[CHUNK];
      float[] before = new float[CHUNK];
      float[] g = new float[CHUNK];
      float[][] chunks = new float[arrays.length][CHUNK];
      int ofOptimizer = optimizer.moments().size();
      float[][] moments = Arrays.copyOf(chunks, ofOptimizer);
      FloatBuffer buffer = weights.buffer(slice.name());
      for (int from = slice.from(); from < slice.from() + slice.count(); from += CHUNK) {
        int count = Math.min(CHUNK, slice.from() + slice.count() - from);
        buffer.get(from, w, 0, count);
        System.arraycopy(w, 0, before, 0, count);
        scale(gradients, from, g, count);
        copy(arrays, from, chunks, count);
        rule.apply(w, g, moments, count);
        if (chunks.length > ofOptimizer) {
          Ema.average(chunks[ofOptimizer], w, decay, count);
        }
        moved |= !Arrays.equals(w, 0, count, before, 0, count);
        buffer.put(from, w, 0, count);
        for (int i = 0; i < chunks.length; i++) {
          System.arraycopy(chunks[i], 0, arrays[i], from, count);
        }
      }
    }

    private void scale(float[] gradients, int from, float[] out, int count) {
      boolean some = false;
      for (int i = 0; i < count; i++) {
        out[i] = gradients[from + i] * factor;
        some |= out[i] != 0;
      }
      pushed |= some;
    }
  }

  private static void copy(float[][] from, int at, float[][] to, int count) {
    for (int i = 0; i < to.length; i++) {
      System.arraycopy(from[i], at, to[i], 0, count);
    }
  }

  /** The averages, not copied; empty without {@link Ema}. */
  Optional<Map<String, Tensor>> averages() {
    return Optional.ofNullable(kept.get(EMA)).map(this::tensors);
  }

  private Map<String, Tensor> tensors(Map<String, float[]> arrays) {
    Map<String, Tensor> tensors = new TreeMap<>();
    arrays.forEach((name, array) -> tensors.put(name, Tensor.of(weights.shape(name), array)));
    return tensors;
  }

  /** All that a saved state needs, under names {@code kind/parameter}; not copied. */
  Map<String, Tensor> state() {
    Map<String, Tensor> state = new TreeMap<>();
    weights.tensors().forEach((name, tensor) -> state.put("weight/" + name, tensor));
    kept.forEach(
        (kind, arrays) ->
            tensors(arrays).forEach((name, tensor) -> state.put(kind + "/" + name, tensor)));
    return state;
  }

  /** Takes over a saved state. */
  void restore(Map<String, Tensor> state) {
    Map<String, Tensor> expected = state();
    checkArgument(
        expected.keySet().equals(state.keySet()),
        "the state holds %s, expected %s",
        state.keySet(),
        expected.keySet());
    Map<String, Tensor> restored = new TreeMap<>();
    weights.names().forEach(name -> restored.put(name, found(state, "weight/" + name)));
    weights.set(restored);
    kept.forEach(
        (kind, arrays) ->
            arrays.forEach(
                (name, array) -> {
                  float[] values = found(state, kind + "/" + name).floats();
                  System.arraycopy(values, 0, array, 0, array.length);
                }));
  }

  private static Tensor found(Map<String, Tensor> state, String name) {
    @Nullable Tensor tensor = state.get(name);
    return requireNonNull(tensor, name);
  }
}
