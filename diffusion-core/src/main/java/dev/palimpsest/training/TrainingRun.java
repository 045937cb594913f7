package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.errors.TrainingDivergedException;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.TrainingStep.Figures;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A training on a folder, which holds its two last states and the table {@code events.csv} of its
 * steps. A run that ended early, however it did, is resumed by opening its folder with the same
 * settings, and then ends in the same bytes as one that never did (on the same kind of machine and
 * device). Whoever opens it closes it. One thread.
 */
public final class TrainingRun implements AutoCloseable {
  private final TrainingRunBuilder plan;
  private final RunFolder folder;
  private final Trainables weights;
  private final Learner learner;
  private final SessionInTurn session;

  private long step;
  private long updates;
  private double lossScale = 1;
  private long steady;
  private long saved = -1;
  private boolean failed;

  private TrainingRun(
      TrainingRunBuilder plan, RunFolder folder, Trainables weights, SessionInTurn session) {
    this.plan = plan;
    this.folder = folder;
    this.weights = weights;
    this.session = session;
    this.learner = new Learner(weights, plan.optimizer, plan.ema, plan.rates);
    plan.scaling.ifPresent(scaling -> lossScale = scaling.initial());
  }

  /**
   * A training to be configured.
   *
   * @param graph what is trained
   * @param initial a weight for each that the graph trains; more are ignored
   * @param batches the graph's inputs
   */
  public static TrainingRunBuilder builder(
      TrainingGraph graph, Weights initial, BatchSource batches) {
    return builder(GraphSource.of(graph), initial, batches);
  }

  /**
   * A training whose batches come in several sizes.
   *
   * @param graphs what is trained, for each batch
   * @param initial a weight for each that the graphs train; more are ignored
   * @param batches the graphs' inputs
   */
  public static TrainingRunBuilder builder(
      GraphSource graphs, Weights initial, BatchSource batches) {
    return new TrainingRunBuilder(graphs, initial, batches);
  }

  static TrainingRun open(TrainingRunBuilder plan, Path path) throws IOException {
    RunFolder folder = RunFolder.open(path, plan.settings(), plan.stages);
    SessionInTurn session = null;
    try {
      Trainables weights = plan.start();
      session = new SessionInTurn(weights, plan.frozen, plan.device, plan.sharing);
      var run = new TrainingRun(plan, folder, weights, session);
      run.resume();
      session.on(plan.graphs.graph(run.step * plan.accumulate));
      return run;
    } catch (IOException | RuntimeException e) {
      if (session != null) {
        session.close();
      }
      folder.close();
      throw e;
    }
  }

  private void resume() throws IOException {
    Optional<TrainingState> last = folder.load();
    if (last.isPresent()) {
      TrainingState state = last.get();
      learner.restore(state.tensors());
      step = state.step();
      updates = state.updates();
      lossScale = state.lossScale();
      steady = state.steady();
      saved = step;
    } else {
      save();
    }
  }

  /** Steps done. */
  public long step() {
    return step;
  }

  public long steps() {
    return plan.steps;
  }

  /** {@link #train(TrainingListener, Cancellation)} that only the listener can stop. */
  public TrainingResult train(TrainingListener listener) throws IOException {
    return train(listener, new Cancellation());
  }

  /**
   * Trains to the last step or until cancelled, and saves the state reached. A cancel ends the step
   * under way, which a later call repeats. Returns at once if all steps are done.
   *
   * @throws IOException if a state cannot be saved; those before it are intact
   * @throws TrainingDivergedException if the loss or, in float32, a gradient is not finite; the
   *     last saved state is intact
   */
  public TrainingResult train(TrainingListener listener, Cancellation cancellation)
      throws IOException {
    checkState(!failed, "this run has failed; opening its folder again resumes the last state");
    failed = true; // until the end is reached
    long begin = System.nanoTime();
    long first = step;
    while (step < plan.steps && !cancellation.isCancelled()) {
      Figures figures;
      try {
        figures = advance(cancellation);
      } catch (CancelledException e) {
        break;
      }
      double mean = (System.nanoTime() - begin) / 1e9 / (step - first);
      Duration remaining = Duration.ofMillis((long) (1000 * mean * (plan.steps - step)));
      var told = new TrainingStep(step, plan.steps, figures, remaining, this::result, cancellation);
      folder.events().append(told);
      if (step % plan.saveEvery == 0) {
        save();
      }
      listener.onStep(told);
    }
    save();
    failed = false;
    return result();
  }

  private Figures advance(Cancellation cancellation) {
    long begin = System.nanoTime();
    double loss = 0;
    Map<String, float[]> gradients = new TreeMap<>();
    for (int i = 0; i < plan.accumulate; i++) {
      long position = step * plan.accumulate + i;
      Map<String, Tensor> batch =
          plan.batches.batch(position, SeededStream.of(plan.seed, "batch", position));
      TrainingSession.Result result =
          session.on(plan.graphs.graph(position)).run(batch, lossScale, cancellation);
      loss += result.loss();
      result.gradients().forEach((name, value) -> add(gradients, name, value.floats()));
    }
    loss /= plan.accumulate;
    if (!Double.isFinite(loss)) {
      throw new TrainingDivergedException(
          String.format("the loss of step %d is %s", step + 1, loss));
    }
    double rate = plan.learningRate.at(step);
    double norm = learn(gradients, rate);
    step++;
    return new Figures((float) loss, rate, norm, (System.nanoTime() - begin) / 1e9);
  }

  private static void add(Map<String, float[]> sums, String name, float[] values) {
    float[] sum = sums.putIfAbsent(name, values);
    if (sum != null) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += values[i];
      }
    }
  }

  /** One update, or none where half precision overflowed. */
  private double learn(Map<String, float[]> gradients, double rate) {
    double factor = 1 / (lossScale * plan.accumulate);
    double norm = learner.norm(gradients) * factor;
    if (Double.isFinite(norm)) {
      double clip = plan.clip > 0 ? Clipping.factor(plan.clip, norm) : 1;
      learner.step(gradients, factor * clip, updates + 1, rate);
      updates++;
      steady++;
      plan.scaling.filter(scaling -> steady == scaling.interval()).ifPresent(scaling -> rescale(2));
    } else if (plan.scaling.isPresent() && lossScale > 1) {
      rescale(0.5);
    } else {
      throw new TrainingDivergedException(
          String.format(
              "the gradients of step %d are not finite, at loss scale %s", step + 1, lossScale));
    }
    return norm;
  }

  private void rescale(double factor) {
    lossScale *= factor;
    steady = 0;
  }

  private void save() throws IOException {
    if (saved != step) {
      folder.save(new TrainingState(step, updates, lossScale, steady, learner.state()));
      saved = step;
    }
  }

  /** Copies of the weights as they are now. */
  public TrainingResult result() {
    return new TrainingResult(
        step, step >= plan.steps, weights.snapshot(), learner.averages().map(this::copy));
  }

  private Weights copy(Map<String, Tensor> tensors) {
    Map<String, Tensor> copies = new TreeMap<>();
    tensors.forEach(
        (name, tensor) -> copies.put(name, Tensor.of(tensor.shape(), tensor.floats().clone())));
    return Weights.of(copies);
  }

  /** Frees the native memory and the folder; what was not saved is lost. */
  @Override
  public void close() throws IOException {
    session.close();
    folder.close();
  }
}
