package dev.palimpsest.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

class GaussianDataTest {
  private static final GaussianData DATA = new GaussianData(0.4, 0.7);

  @Property
  void denoisedIsTweediesFormulaOfTheScore(
      @ForAll @DoubleRange(min = 0.1, max = 20) double ratio,
      @ForAll @DoubleRange(min = -5, max = 5) double x) {
    Level level = level(ratio);
    double tweedie = (x + level.sigma() * level.sigma() * DATA.score(level, x)) / level.alpha();
    assertEquals(tweedie, DATA.denoised(level, x), 1e-9);
  }

  /** In sigma, where alpha = 1, the flow is dx/dsigma = -sigma score (Karras et al. 2022). */
  @Property
  void flowSolvesItsEquation(
      @ForAll @DoubleRange(min = 0.1, max = 20) double sigma,
      @ForAll @DoubleRange(min = -5, max = 5) double x) {
    Level from = new Level(1, sigma);
    double h = 1e-5;
    double change =
        DATA.flow(from, new Level(1, sigma + h), x) - DATA.flow(from, new Level(1, sigma - h), x);
    assertEquals(-sigma * DATA.score(from, x), change / (2 * h), 1e-6);
  }

  /** Scaling the state with its level changes nothing: x and its level times 2. */
  @Property
  void flowDoesNotDependOnTheScaleOfTheState(
      @ForAll @DoubleRange(min = 0.1, max = 20) double ratio,
      @ForAll @DoubleRange(min = -5, max = 5) double x) {
    Level level = level(ratio);
    Level twice = new Level(2 * level.alpha(), 2 * level.sigma());
    assertEquals(DATA.consistent(level, x), DATA.consistent(twice, 2 * x), 1e-12);
    assertEquals(DATA.denoised(level, x), DATA.denoised(twice, 2 * x), 1e-12);
  }

  private static Level level(double ratio) {
    double norm = Math.hypot(1, ratio);
    return new Level(1 / norm, ratio / norm);
  }
}
