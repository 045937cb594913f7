package dev.palimpsest.examples.fashion;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.likelihood.GaussianDiffusion;
import dev.palimpsest.likelihood.ModelVariance;
import dev.palimpsest.likelihood.PredictionFunction;
import dev.palimpsest.likelihood.ReverseProcess;
import dev.palimpsest.likelihood.StepTerm;
import dev.palimpsest.likelihood.VariationalBound;
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
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * The variational bound of pictures under a trained network, in bits per dimension, from a
 * stratified sample of timesteps. The bound's terms fall steeply with the timestep, so strata grow
 * with it; each gives one draw of timestep and noise for each group of pictures.
 */
final class BoundStudy {
  /** Pictures that share their timesteps; groups of them are independent. */
  private static final int GROUP = 10;

  private final Checkpoint checkpoint;
  private final List<Stratum> strata;

  /**
   * @param checkpoint of a network that predicts noise and variance, trained as {@link FashionUNet}
   *     is
   * @param fineness the first of a stratum's timesteps over their number, where that is above 1
   */
  BoundStudy(Checkpoint checkpoint, int fineness) {
    this.checkpoint = checkpoint;
    this.strata = strata(FashionUNet.TIMESTEPS, fineness);
  }

  /** Timesteps {@code first} to {@code first + size - 1}. */
  record Stratum(int first, int size) {}

  /** Strata that cover all timesteps; the decoder's 0 is one of its own. */
  static List<Stratum> strata(int timesteps, int fineness) {
    checkArgument(fineness >= 1, "fineness must be >= 1, was %s", fineness);
    List<Stratum> strata = new ArrayList<>();
    for (int t = 0; t < timesteps; t += strata.get(strata.size() - 1).size()) {
      strata.add(new Stratum(t, Math.max(1, Math.min(t / fineness, timesteps - t))));
    }
    return List.copyOf(strata);
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

  /** Told of each evaluation of the network. */
  interface Listener {
    void onEvaluation();
  }

  /** How often the listener is told. */
  int evaluations(int pictures) {
    return (pictures + GROUP - 1) / GROUP * strata.size();
  }

  /** Evaluates the pictures at {@code indices}. */
  Result evaluate(
      LabelledPictures pictures,
      int[] indices,
      Device device,
      long seed,
      Listener listener,
      Cancellation cancellation) {
    var bound =
        VariationalBound.of(
            ReverseProcess.of(
                GaussianDiffusion.of(NoiseSchedule.squaredCosine(FashionUNet.TIMESTEPS)),
                PredictionType.EPSILON,
                ModelVariance.LEARNED_RANGE));
    var sums = new Sums();
    Graph graph = UNet2DModel.graph(checkpoint.config("unet"));
    try (var session = Session.open(graph, checkpoint.weights("unet")::get, device)) {
      for (int from = 0; from < indices.length; from += GROUP) {
        int[] some = Arrays.copyOfRange(indices, from, Math.min(from + GROUP, indices.length));
        Tensor x0 = pictures.floats(some);
        var network = prediction(session, pictures.labels(some), cancellation);
        var random = SeededStream.of(seed, "bound", from);
        sums.begin(bound.prior(x0));
        for (Stratum stratum : strata) {
          int t = stratum.first() + random.below(stratum.size());
          sums.add(bound.terms(x0, random.gaussian(x0.shape()), t, network), stratum);
          listener.onEvaluation();
        }
        sums.end();
      }
    }
    return sums.result(pictures.height() * pictures.width());
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

  /** What was found so far, over pictures. */
  private static final class Sums {
    private final SummaryStatistics groups = new SummaryStatistics();
    private int pictures;
    private double prior;
    private double transitions;
    private double decoder;
    private double simple;
    private int groupSize;
    private double before;

    void begin(Tensor priors) {
      groupSize = Math.toIntExact(priors.elements());
      before = total();
      prior += Arrays.stream(priors.doubles()).sum();
    }

    void add(List<StepTerm> terms, Stratum stratum) {
      for (StepTerm term : terms) {
        double bits = stratum.size() * term.bits();
        if (stratum.first() == 0) {
          decoder += bits;
        } else {
          transitions += bits;
        }
        simple += stratum.size() * term.simple() / FashionUNet.TIMESTEPS;
      }
    }

    void end() {
      pictures += groupSize;
      if (groupSize == GROUP) {
        groups.addValue((total() - before) / GROUP);
      }
    }

    private double total() {
      return prior + transitions + decoder;
    }

    Result result(int dimensions) {
      return new Result(
          pictures,
          dimensions,
          total() / pictures,
          groups.getN() < 2
              ? OptionalDouble.empty()
              : OptionalDouble.of(groups.getStandardDeviation() / Math.sqrt(groups.getN())),
          prior / pictures,
          transitions / pictures,
          decoder / pictures,
          simple / pictures);
    }
  }
}
