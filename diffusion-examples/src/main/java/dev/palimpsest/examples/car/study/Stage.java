package dev.palimpsest.examples.car.study;

import dev.palimpsest.errors.CancelledException;
import java.io.IOException;
import java.util.Map;

/**
 * A part of the study. What it makes lies in the folder of its name; a stage that has ended is not
 * run again, one that was stopped goes on.
 */
interface Stage {
  /** The name of its folder. */
  String name();

  /** What it does, for people. */
  String title();

  /**
   * Does it.
   *
   * @return what it found, kept as JSON
   * @throws CancelledException if cancelled; what was made so far stays
   */
  Map<String, Object> run(StudyRun study) throws IOException;
}
