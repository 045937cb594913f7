package dev.palimpsest.scheduler;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;

/**
 * One way from noise to a sample. It owns all state of the solver; one thread, one use.
 *
 * <pre>{@code
 * Tensor x = noise scaled by run.initialScale();     // or run.addNoise(original, noise)
 * for (int i = 0; i < run.steps(); i++) {
 *   x = run.step(i, x, network, noiseSource).x();
 * }
 * }</pre>
 */
public interface SchedulerRun {

  /** Solver steps that this run makes; what listeners count. Fewer than planned after a start. */
  int steps();

  /** Network evaluations that this run makes in all; some solvers make several a step. */
  int evaluations();

  /** The timestep of the first network evaluation of step {@code i}. */
  double timestep(int i);

  /**
   * The timestep of each network evaluation, as diffusers' {@code set_timesteps} gives them: the
   * whole grid, also where the run starts later.
   */
  double[] timesteps();

  /**
   * The noise level of each network evaluation and the final one, for the whole grid; empty for
   * solvers that count in timesteps.
   */
  double[] sigmas();

  /** The standard deviation that the first state of a run from pure noise must have. */
  float initialScale();

  /**
   * {@code original} with noise, at the level of the start of step {@code i}; the original itself
   * for {@code i == steps()}. With 0 it is the first state of image-to-image, and the blend of
   * inpainting after step i - 1.
   */
  Tensor addNoise(Tensor original, Tensor noise, int i);

  /** {@code original} with noise, at the level of the first step that this run makes. */
  default Tensor addNoise(Tensor original, Tensor noise) {
    return addNoise(original, noise, 0);
  }

  /**
   * {@code original} with noise at given timesteps, one a row.
   *
   * @throws IllegalArgumentException if a timestep has no noise level in this run: solvers that
   *     count in sigmas know only those of {@link #timesteps()}
   */
  Tensor addNoiseAt(Tensor original, Tensor noise, double... timesteps);

  /**
   * Makes step {@code i}; steps are made once each, in order.
   *
   * @param x float32 [batch, channels, ...], the state at the start of the step; never changed
   * @param noise where a stochastic solver draws, in diffusers' order and on its conditions
   * @throws IllegalStateException if it is not this step's turn
   * @throws IllegalArgumentException if the network returns a wrong shape
   */
  Step step(int i, Tensor x, DenoisingFunction network, NoiseSource noise);
}
