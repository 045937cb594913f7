package dev.palimpsest.examples.fashion;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Map;
import java.util.TreeMap;

/**
 * What a study does.
 *
 * @param classifierSteps of {@code training.batch()} pictures each
 * @param tested pictures whose bound is computed
 * @param fineness of the timesteps that the bound is computed at: strata are of one timestep up to
 *     twice this and then as long as their first over this
 * @param perClass pictures of each class that are generated, and as many held-out ones
 * @param samplingSteps of the ancestral sampler
 */
public record StudySettings(
    UNetTraining training,
    long classifierSteps,
    int tested,
    int fineness,
    int perClass,
    int samplingSteps) {
  /** Neighbours of precision and recall, the paper's. */
  static final int NEIGHBOURS = 3;

  /** Of the kernel distance's standard error. */
  static final int BLOCKS = 10;

  public StudySettings {
    checkArgument(classifierSteps >= 1, "classifier steps must be >= 1, were %s", classifierSteps);
    checkArgument(tested >= 1, "test pictures must be >= 1, were %s", tested);
    checkArgument(perClass >= 4, "pictures of a class must be >= 4, were %s", perClass);
    checkArgument(samplingSteps >= 1, "sampling steps must be >= 1, were %s", samplingSteps);
  }

  /** What another program needs to train the same. */
  public Map<String, Object> asMap() {
    Map<String, Object> map = new TreeMap<>();
    map.put("steps", training.steps());
    map.put("batch", training.batch());
    map.put("rate", training.rate());
    map.put("warmup", training.warmup());
    map.put("seed", training.seed());
    map.put("channels", training.network().channels());
    map.put("layers", training.network().layers());
    map.put("side", training.network().side());
    map.put("timesteps", FashionUNet.TIMESTEPS);
    map.put("classifier_steps", classifierSteps);
    map.put("test_pictures", tested);
    map.put("fineness", fineness);
    map.put("pictures_per_class", perClass);
    map.put("sampling_steps", samplingSteps);
    return map;
  }
}
