package dev.palimpsest.testkit;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.testkit.FaultyDdim.Fault;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The kit catches each wrong scheduler, and lets the right one pass. */
class WrongSchedulersTest {
  private static final SchedulerTraits ODE = traits(SchedulerTraits.ode(1));
  private static final SchedulerTraits SDE = traits(SchedulerTraits.sde());

  /**
   * @param property that fails
   * @param messages what its message contains
   */
  private record Caught(Fault fault, SchedulerTraits traits, String property, String... messages) {}

  private static final List<Caught> CAUGHT =
      List.of(
          new Caught(
              Fault.SIGN,
              ODE,
              "knownSampleIsFollowedStraight",
              "state 1 of a run whose network knows sample and noise"),
          new Caught(Fault.SIGN, ODE, "orderOfConvergenceIsAsStated", "must be 0.70..1.50"),
          new Caught(
              Fault.TIMESTEP_OF_THE_NEXT_STEP,
              ODE,
              "networkIsAskedAtTheLevelOfTheState",
              "step 0 calls the network at timestep",
              "but its state is at"),
          new Caught(
              Fault.TIMESTEP_OF_THE_NEXT_STEP,
              ODE,
              "networkIsCalledAsTheRunSays",
              "timestep of the first call of step 0, against timestep(0)"),
          new Caught(
              Fault.STEP_TOO_FAR,
              ODE,
              "knownSampleIsFollowedStraight",
              "state 1 of a run whose network knows sample and noise"),
          new Caught(
              Fault.NOISE_OF_THE_STEP_BEFORE,
              SDE,
              "networkIsAskedAtTheLevelOfTheState",
              "step 1 calls the network at timestep"),
          new Caught(
              Fault.SHARED_STATE,
              traits(SchedulerTraits.ode(2).multistep()),
              "runsDoNotDisturbEachOther",
              "of a run with another in between"),
          new Caught(
              Fault.SHARED_STATE, SDE, "givenNoiseDeterminesTheRun", "state 1 of a repeated run"),
          new Caught(
              Fault.HIDDEN_MEMORY, ODE, "runMayBeTakenUpAtAnyStep", "of a run taken up at step"),
          new Caught(
              Fault.OVERWRITES_STATE,
              ODE,
              "stepsDoNotWriteToTheirInputs",
              "step 0 changed a tensor of the caller"),
          new Caught(
              Fault.OWN_RANDOM, SDE, "givenNoiseDeterminesTheRun", "state 1 of a repeated run"),
          new Caught(
              Fault.NONE,
              SDE,
              "givenNoiseDeterminesTheRun",
              "a stochastic solver never drew from the noise source"),
          new Caught(
              Fault.STRONG_NOISE,
              SDE,
              "samplesHaveTheDistributionOfTheData",
              "samples do not have the distribution of the data",
              "variance by"),
          new Caught(
              Fault.MIXED_PICTURES,
              SDE,
              "picturesOfBatchAreIndependent",
              "of the second picture of a batch, against that picture alone"),
          new Caught(
              Fault.CLIPPED, ODE, "solutionScalesWithTheState", "of a run from -2 times the state"),
          new Caught(Fault.OFFSET, ODE, "zeroStaysZero", "from zero without noise holds 1.0E-6"),
          new Caught(
              Fault.MISCOUNTED,
              ODE,
              "networkIsCalledAsTheRunSays",
              "network calls of a run, against evaluations()"),
          new Caught(Fault.ANY_ORDER, ODE, "misuseIsRefused", "step 1 before step 0"),
          new Caught(
              Fault.RISING_LEVELS,
              ODE,
              "noiseIsAddedAtTheLevelOfTheStep",
              "the level of added noise must fall"));

  @TestFactory
  Stream<DynamicTest> wrongSchedulerIsCaught() {
    return CAUGHT.stream()
        .map(
            caught ->
                DynamicTest.dynamicTest(
                    caught.fault() + " by " + caught.property(), () -> assertCaught(caught)));
  }

  private static void assertCaught(Caught caught) {
    boolean draws = caught.traits() == SDE && caught.fault() != Fault.NONE;
    Map<String, String> failures = failures(caught.fault(), draws ? 1 : 0, caught.traits());
    assertTrue(failures.containsKey(caught.property()), failures.toString());
    String message = requireNonNull(failures.get(caught.property()));
    for (String part : caught.messages()) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void orderOneThatClaimsOrderTwoIsCaughtByItsOrderAlone() {
    Map<String, String> failures = failures(Fault.NONE, 0, traits(SchedulerTraits.ode(2)));
    assertEquals(Set.of("orderOfConvergenceIsAsStated"), failures.keySet());
    String message = String.valueOf(failures.get("orderOfConvergenceIsAsStated"));
    assertTrue(message.contains("the measured order of convergence is 0.99"), message);
    assertTrue(message.contains("must be 1.70..2.50 (stated 2.0)"), message);
  }

  @Test
  void orderTwoThatClaimsOrderOneIsCaught() {
    SchedulerTraits claimed = traits(SchedulerTraits.ode(1).multistep());
    assertEquals(
        Set.of("orderOfConvergenceIsAsStated"), failures(Fault.HIDDEN_MEMORY, 0, claimed).keySet());
  }

  @Test
  void rightSchedulerWrittenFromTheInterfacesPasses() {
    assertEquals(Map.of(), failures(Fault.NONE, 0, ODE));
    assertEquals(Map.of(), failures(Fault.NONE, 1, SDE));
    SchedulerTraits two = traits(SchedulerTraits.ode(2).multistep());
    assertEquals(Map.of(), failures(Fault.HIDDEN_MEMORY, 0, two));
  }

  @Test
  void everyFaultAndEveryPropertyHasRow() {
    EnumSet<Fault> faults = EnumSet.of(Fault.NONE);
    CAUGHT.forEach(caught -> faults.add(caught.fault()));
    assertEquals(EnumSet.allOf(Fault.class), faults);
    long properties =
        Arrays.stream(SchedulerProperties.class.getMethods())
            .filter(method -> method.getDeclaringClass() == SchedulerProperties.class)
            .count();
    assertEquals(properties, CAUGHT.stream().map(Caught::property).distinct().count());
  }

  private static Map<String, String> failures(Fault fault, double eta, SchedulerTraits traits) {
    var scheduler = new FaultyDdim(fault, eta);
    return PropertyRun.of(() -> scheduler, traits).failures();
  }

  private static SchedulerTraits traits(SchedulerTraits traits) {
    return traits.predictions(PredictionType.EPSILON);
  }
}
