package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.likelihood.ModelVariance;
import dev.palimpsest.likelihood.NormalCdf;
import dev.palimpsest.likelihood.StepSampling;
import dev.palimpsest.tensor.NoiseSource;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How the bits per dimension of a picture are computed. Each method returns another request; what
 * is not said is as improved-diffusion does it and as the checkpoint's configuration says.
 * Immutable.
 */
public final class LikelihoodRequest {
  private final Fields fields;

  private LikelihoodRequest(Fields fields) {
    this.fields = fields;
  }

  /** The fields while a request is copied; never changed afterwards. */
  private static final class Fields implements Cloneable {
    @Nullable Integer classLabel;
    StepSampling sampling = StepSampling.all();
    @Nullable String respacing;
    @Nullable ModelVariance variance;
    NormalCdf cdf = NormalCdf.TANH;
    Supplier<NoiseSource> noise = () -> NoiseSource.torch(0);

    @Override
    protected Fields clone() {
      try {
        return (Fields) super.clone();
      } catch (CloneNotSupportedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private LikelihoodRequest with(Consumer<Fields> change) {
    Fields copy = fields.clone();
    change.accept(copy);
    return new LikelihoodRequest(copy);
  }

  /** Every step of the model's process, with one draw of noise each, of seed 0. */
  public static LikelihoodRequest all() {
    return new LikelihoodRequest(new Fields());
  }

  /** Fewer or more evaluations of the network. */
  public LikelihoodRequest sampling(StepSampling sampling) {
    return with(f -> f.sampling = requireNonNull(sampling));
  }

  /**
   * The bound of the process over some of the steps only, which is another model.
   *
   * @param sections such as {@code "250"}, {@code "10,15,20"} or {@code "ddim50"}; see {@link
   *     dev.palimpsest.likelihood.Respacing#parse}
   */
  public LikelihoodRequest respacing(String sections) {
    return with(f -> f.respacing = requireNonNull(sections));
  }

  /** Another variance of the reverse process than the checkpoint's configuration says. */
  public LikelihoodRequest variance(ModelVariance variance) {
    return with(f -> f.variance = requireNonNull(variance));
  }

  /** The distribution function in the decoder; default {@link NormalCdf#TANH}. */
  public LikelihoodRequest cdf(NormalCdf cdf) {
    return with(f -> f.cdf = requireNonNull(cdf));
  }

  /** The picture's class, for models conditioned on class labels. */
  public LikelihoodRequest classLabel(int label) {
    checkArgument(label >= 0, "label must be >= 0, was %s", label);
    return with(f -> f.classLabel = label);
  }

  /** The noise of torch's generator with this seed. */
  public LikelihoodRequest seed(long seed) {
    return noise(() -> NoiseSource.torch(seed));
  }

  /** Where noise comes from, instead of a seed; asked for a new source at each call. */
  public LikelihoodRequest noise(Supplier<NoiseSource> noise) {
    return with(f -> f.noise = requireNonNull(noise));
  }

  public StepSampling sampling() {
    return fields.sampling;
  }

  public Optional<String> respacing() {
    return Optional.ofNullable(fields.respacing);
  }

  /** Empty if it is the checkpoint's. */
  public Optional<ModelVariance> variance() {
    return Optional.ofNullable(fields.variance);
  }

  public NormalCdf cdf() {
    return fields.cdf;
  }

  public OptionalInt classLabel() {
    return fields.classLabel == null ? OptionalInt.empty() : OptionalInt.of(fields.classLabel);
  }

  public Supplier<NoiseSource> noise() {
    return fields.noise;
  }
}
