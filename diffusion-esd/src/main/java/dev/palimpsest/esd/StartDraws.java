package dev.palimpsest.esd;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.SeededStream;

/**
 * What decides where an exact erasure looks at the network: the noise that each denoising starts
 * from, and how far it goes. Other draws than the seed's make a run comparable with another
 * implementation's.
 */
public interface StartDraws {
  /** All from the run's seed. */
  StartDraws SEEDED =
      (item, shape, evaluations, random) ->
          new Start(random.gaussian(shape), random.below(evaluations));

  /**
   * One draw.
   *
   * @param noise float32, the first state before the scheduler scales it
   * @param evaluation of the network, from 0, at whose input x_t the erasure trains
   */
  record Start(Tensor noise, int evaluation) {}

  /**
   * @param item rows trained on before, from 0
   * @param shape of the noise
   * @param evaluations how many a whole denoising makes
   * @param random decided by the run's seed and the item
   */
  Start draw(long item, Shape shape, int evaluations, SeededStream random);
}
