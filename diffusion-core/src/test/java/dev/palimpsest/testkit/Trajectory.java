package dev.palimpsest.testkit;

import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A run from its first step to its last, with what it asked for and what it gave.
 *
 * @param states before each step and after the last one
 * @param denoised the estimate of each step
 * @param calls of the network, those of each step together
 * @param draws how often noise was drawn
 */
record Trajectory(List<Tensor> states, List<Tensor> denoised, List<List<Call>> calls, int draws) {

  /**
   * @param scaledX what the network was given
   * @param timestep what it was asked at
   */
  record Call(Tensor scaledX, double timestep) {}

  static Trajectory of(
      SchedulerRun run, Tensor start, DenoisingFunction network, NoiseSource noise) {
    var states = new ArrayList<>(List.of(start));
    var denoised = new ArrayList<Tensor>();
    var calls = new ArrayList<List<Call>>();
    int[] draws = {0};
    for (int i = 0; i < run.steps(); i++) {
      var ofStep = new ArrayList<Call>();
      var step =
          run.step(
              i,
              states.get(i),
              (x, t) -> {
                ofStep.add(new Call(x, t));
                return network.predict(x, t);
              },
              shape -> {
                draws[0]++;
                return noise.gaussian(shape);
              });
      states.add(step.x());
      denoised.add(step.denoised());
      calls.add(List.copyOf(ofStep));
    }
    return new Trajectory(List.copyOf(states), List.copyOf(denoised), List.copyOf(calls), draws[0]);
  }

  Tensor last() {
    return states.get(states.size() - 1);
  }

  List<Call> allCalls() {
    return calls.stream().flatMap(List::stream).toList();
  }
}
