package dev.palimpsest.testkit;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.Step;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * DDIM written from the interfaces alone, for networks that predict the noise, and with one fault
 * or none.
 */
final class FaultyDdim implements Scheduler {

  /** What is wrong. */
  enum Fault {
    NONE,
    /** The noise is added where it must be subtracted. */
    SIGN,
    /** The network is asked at the timestep of the next step. */
    TIMESTEP_OF_THE_NEXT_STEP,
    /** A step leads to the level after the next. */
    STEP_TOO_FAR,
    /** What a multistep solver keeps is kept in the scheduler. */
    SHARED_STATE,
    /** What a multistep solver keeps is kept in the run, as it should, but not said. */
    HIDDEN_MEMORY,
    /** The new state overwrites the old one. */
    OVERWRITES_STATE,
    /** The noise comes from a generator of its own. */
    OWN_RANDOM,
    /** The noise of a stochastic step is too strong by half. */
    STRONG_NOISE,
    /** Pictures are divided by the largest value of the batch. */
    MIXED_PICTURES,
    /** The estimate is clipped though the plan says not to. */
    CLIPPED,
    /** A constant is added. */
    OFFSET,
    /** The network is called once more than said. */
    MISCOUNTED,
    /** Steps are made in any order. */
    ANY_ORDER,
    /** Noise is added at the level of the step before. */
    NOISE_OF_THE_STEP_BEFORE,
    /** The grid is the wrong way round. */
    RISING_LEVELS
  }

  private final Fault fault;
  private final double eta;
  private final List<float[]> shared = new ArrayList<>();

  /**
   * @param eta how much noise is drawn, 0 for none
   */
  FaultyDdim(Fault fault, double eta) {
    this.fault = fault;
    this.eta = eta;
  }

  @Override
  public String name() {
    return "faulty_ddim";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan);
  }

  private final class Run implements SchedulerRun {
    private final SchedulePlan plan;
    private final double[] timesteps;
    private final List<float[]> kept = fault == Fault.SHARED_STATE ? shared : new ArrayList<>();
    private final Random random = new Random();
    private int next;

    Run(SchedulePlan plan) {
      this.plan = plan;
      double[] explicit = plan.timesteps();
      timesteps = explicit == null ? new double[plan.steps()] : explicit;
      for (int k = 0; k < timesteps.length && explicit == null; k++) {
        int total = plan.noiseSchedule().timesteps();
        int down = k * total / plan.steps();
        timesteps[k] = fault == Fault.RISING_LEVELS ? down : total - 1 - down;
      }
    }

    @Override
    public int steps() {
      return timesteps.length - plan.startStep();
    }

    @Override
    public int evaluations() {
      return steps();
    }

    @Override
    public double timestep(int i) {
      return timesteps[plan.startStep() + i];
    }

    @Override
    public double[] timesteps() {
      return timesteps.clone();
    }

    @Override
    public double[] sigmas() {
      return new double[0];
    }

    @Override
    public float initialScale() {
      return 1;
    }

    @Override
    public Tensor addNoise(Tensor original, Tensor noise, int i) {
      if (i == steps()) {
        return original;
      }
      int k = plan.startStep() + i - (fault == Fault.NOISE_OF_THE_STEP_BEFORE && i > 0 ? 1 : 0);
      return addNoiseAt(original, noise, timesteps[k]);
    }

    @Override
    public Tensor addNoiseAt(Tensor original, Tensor noise, double... at) {
      int[] whole = new int[at.length];
      for (int i = 0; i < at.length; i++) {
        whole[i] = (int) at[i];
      }
      return plan.noiseSchedule().addNoise(original, noise, whole);
    }

    @Override
    public Step step(int i, Tensor x, DenoisingFunction network, NoiseSource noise) {
      checkState(i == next || fault == Fault.ANY_ORDER, "it is the turn of step %s", next);
      next++;
      int k = plan.startStep() + i;
      int last = timesteps.length - 1;
      int asked = fault == Fault.TIMESTEP_OF_THE_NEXT_STEP ? Math.min(k + 1, last) : k;
      Tensor output = network.predict(x, timesteps[asked]);
      if (fault == Fault.MISCOUNTED && k == last) {
        network.predict(x, timesteps[k]);
      }
      checkArgument(output.shape().equals(x.shape()), "the network returned %s", output);
      int to = fault == Fault.STEP_TOO_FAR ? Math.min(k + 2, last + 1) : k + 1;
      return step(x, epsilon(output.floats()), k, to, noise);
    }

    /** Two-step Adams-Bashforth with a fault that needs a memory. */
    private float[] epsilon(float[] output) {
      if (fault != Fault.SHARED_STATE && fault != Fault.HIDDEN_MEMORY) {
        return output;
      }
      kept.add(output);
      float[] before = kept.size() > 1 ? kept.get(kept.size() - 2) : output;
      float[] epsilon = output.clone();
      for (int j = 0; j < output.length && before.length == output.length; j++) {
        epsilon[j] = 1.5f * output[j] - 0.5f * before[j];
      }
      return epsilon;
    }

    private Step step(Tensor x, float[] epsilon, int from, int to, NoiseSource noise) {
      float[] state = x.floats();
      double alpha = alpha(from);
      double sigma = sigma(from);
      double added = eta * sigma(to) / sigma * Math.sqrt(1 - square(alpha / alpha(to)));
      double direction = Math.sqrt(square(sigma(to)) - square(added));
      added *= fault == Fault.STRONG_NOISE ? 1.5 : 1;
      float[] z = eta == 0 ? new float[state.length] : noise.gaussian(x.shape()).floats();
      float[] denoised = new float[state.length];
      float[] result = fault == Fault.OVERWRITES_STATE ? state : new float[state.length];
      for (int j = 0; j < state.length; j++) {
        double signed = fault == Fault.SIGN ? -epsilon[j] : epsilon[j];
        double x0 = (state[j] - sigma * signed) / alpha;
        denoised[j] = (float) (fault == Fault.CLIPPED ? Math.max(-1, Math.min(1, x0)) : x0);
        double noised = fault == Fault.OWN_RANDOM ? 0.1 * random.nextGaussian() : z[j];
        double own = fault == Fault.OWN_RANDOM ? sigma(to) : added;
        result[j] = (float) (alpha(to) * denoised[j] + direction * epsilon[j] + own * noised);
        result[j] += fault == Fault.OFFSET ? 1e-6f : 0;
      }
      if (fault == Fault.MIXED_PICTURES) {
        divideByLargest(result);
      }
      return new Step(Tensor.of(x.shape(), result), Tensor.of(x.shape(), denoised));
    }

    private void divideByLargest(float[] values) {
      float largest = 1;
      for (float value : values) {
        largest = Math.max(largest, Math.abs(value));
      }
      for (int j = 0; j < values.length; j++) {
        values[j] /= largest;
      }
    }

    private double alpha(int k) {
      return Math.sqrt(alphaBar(k));
    }

    private double sigma(int k) {
      return Math.sqrt(1 - alphaBar(k));
    }

    private double alphaBar(int k) {
      return k == timesteps.length ? 1 : plan.noiseSchedule().alphaCumprod((int) timesteps[k]);
    }
  }

  private static double square(double value) {
    return value * value;
  }
}
