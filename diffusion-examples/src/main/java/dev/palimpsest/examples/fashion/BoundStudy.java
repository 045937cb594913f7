package dev.palimpsest.examples.fashion;

import static java.util.Objects.requireNonNull;

import com.google.common.collect.Lists;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.GaussianDiffusion;
import dev.palimpsest.likelihood.Likelihood;
import dev.palimpsest.likelihood.ModelVariance;
import dev.palimpsest.likelihood.PredictionFunction;
import dev.palimpsest.likelihood.ReverseProcess;
import dev.palimpsest.likelihood.StepSampling;
import dev.palimpsest.likelihood.StepTerm;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.SeededStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.IntPredicate;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.stat.StatUtils;

/** The variational bound of pictures under a trained network, in bits per dimension. */
final class BoundStudy {
  /** Pictures that share their timesteps; groups of them are independent. */
  private static final int GROUP = 10;

  private final Checkpoint checkpoint;
  private final int strata;

  /**
   * @param checkpoint of a network that predicts noise and variance, trained as {@link FashionUNet}
   *     is
   * @param strata into how many the timesteps after the first are divided, two draws in each
   */
  BoundStudy(Checkpoint checkpoint, int strata) {
    this.checkpoint = checkpoint;
    this.strata = strata;
  }

  /**
   * Means over the pictures.
   *
   * @param total prior + transitions + decoder
   * @param standardError of the total, for pictures of which these are a sample, drawing of
   *     timesteps and noise included: from the spread of groups of ten pictures
   * @param simple L_simple, the squared error of the predicted noise over uniform timesteps
   */
  record Result(
      int pictures,
      int dimensions,
      double total,
      OptionalDouble standardError,
      double prior,
      double transitions,
      double decoder,
      double simple) {}

  /** Evaluates the pictures at {@code indices}. */
  Result evaluate(
      LabelledPictures pictures,
      int[] indices,
      Device device,
      long seed,
      Likelihood.Listener listener,
      Cancellation cancellation) {
    var process =
        ReverseProcess.of(
            GaussianDiffusion.of(NoiseSchedule.squaredCosine(FashionUNet.TIMESTEPS)),
            PredictionType.EPSILON,
            ModelVariance.LEARNED_RANGE);
    var likelihood = Likelihood.of(process).sampling(StepSampling.stratified(strata));
    List<BitsPerDim> bounds = new ArrayList<>();
    Graph graph = UNet2DModel.graph(checkpoint.config("unet"));
    try (var session = Session.open(graph, checkpoint.weights("unet")::get, device)) {
      for (int from = 0; from < indices.length; from += GROUP) {
        int[] some = Arrays.copyOfRange(indices, from, Math.min(from + GROUP, indices.length));
        bounds.addAll(
            likelihood.evaluate(
                pictures.floats(some),
                prediction(session, pictures.labels(some), cancellation),
                SeededStream.of(seed, "bound", from),
                listener));
      }
    }
    return summary(bounds);
  }

  /** How often the listener is told, counting all. */
  int evaluations(int pictures) {
    return (pictures + GROUP - 1)
        / GROUP
        * StepSampling.stratified(strata).evaluations(FashionUNet.TIMESTEPS);
  }

  private static PredictionFunction prediction(
      Session session, Tensor labels, Cancellation cancellation) {
    return (xt, timestep) ->
        requireNonNull(
            session
                .run(
                    Map.of(
                        "sample",
                        xt.as(DType.FLOAT32),
                        "timestep",
                        Tensor.of(Shape.of(1), (float) timestep),
                        "class_labels",
                        labels),
                    cancellation)
                .get("out_sample"));
  }

  private static Result summary(List<BitsPerDim> bounds) {
    int count = bounds.size();
    double[] groups =
        Lists.partition(bounds, GROUP).stream()
            .filter(group -> group.size() == GROUP)
            .mapToDouble(group -> mean(group, BitsPerDim::total))
            .toArray();
    return new Result(
        count,
        bounds.get(0).dimensions(),
        mean(bounds, BitsPerDim::total),
        groups.length < 2
            ? OptionalDouble.empty()
            : OptionalDouble.of(Math.sqrt(StatUtils.variance(groups) / groups.length)),
        mean(bounds, BitsPerDim::prior),
        mean(bounds, BitsPerDim::transitions),
        mean(bounds, BitsPerDim::decoder),
        mean(bounds, BoundStudy::simple));
  }

  private static <T> double mean(List<T> list, ToDoubleFunction<T> value) {
    return list.stream().mapToDouble(value).average().orElseThrow();
  }

  /** Strata are of one size but for rounding, so their draws count alike; step 0 counts as one. */
  private static double simple(BitsPerDim bound) {
    double first = mean(terms(bound, step -> step == 0), StepTerm::simple);
    double others = mean(terms(bound, step -> step > 0), StepTerm::simple);
    return (first + (bound.steps() - 1) * others) / bound.steps();
  }

  private static List<StepTerm> terms(BitsPerDim bound, IntPredicate ofStep) {
    return bound.terms().stream().filter(term -> ofStep.test(term.step())).toList();
  }
}
