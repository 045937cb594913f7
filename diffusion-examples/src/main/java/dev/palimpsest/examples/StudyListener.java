package dev.palimpsest.examples;

import dev.palimpsest.training.TrainingListener;

/** Told of what a study does. */
public interface StudyListener {
  /** A part begins that has so many steps. */
  void begin(String part, long steps);

  void step();

  /** A sentence for people. */
  void say(String sentence);

  /** A training's step. */
  default TrainingListener training() {
    return step -> step();
  }
}
