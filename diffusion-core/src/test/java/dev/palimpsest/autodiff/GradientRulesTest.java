package dev.palimpsest.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/** Every rule against finite differences in random directions. */
class GradientRulesTest {
  @Example
  void everyRuleHasASample() {
    assertEquals(GradientRules.names(), RuleSamples.names());
  }

  @Provide
  Arbitrary<String> rules() {
    return Arbitraries.of(RuleSamples.names());
  }

  @Property(tries = 600)
  void gradientsAgreeWithFiniteDifferences(@ForAll("rules") String rule, @ForAll long seed) {
    check(rule, seed);
  }

  @Tag("slow")
  @Property(tries = 100_000)
  void gradientsAgreeWithFiniteDifferencesOften(@ForAll("rules") String rule, @ForAll long seed) {
    check(rule, seed);
  }

  /** Every third element of none at all. */
  @Example
  void anEmptySliceHasAGradientOfZeros() {
    check("Slice", 83605);
  }

  @Example
  void everyRuleAgreesAtLeastOnce() {
    for (String rule : RuleSamples.names()) {
      check(rule, 1);
      check(rule, 2);
    }
  }

  private static void check(String rule, long seed) {
    boolean single = RuleSamples.FLOAT32.contains(rule);
    var draw = new Draw(seed, single ? DType.FLOAT32 : DType.FLOAT64);
    List<Value> outputs = RuleSamples.outputs(rule, draw);
    double h = single ? 1 / 16.0 : 1 / 512.0;
    double tolerance = single ? 1e-4 : 1e-8;
    new DirectionalCheck(draw, outputs).check(rule + " with seed " + seed, h, tolerance);
  }
}
