package dev.palimpsest.esd;

import java.util.List;

/**
 * Lessons that are taught in turn, with one row each of a batch.
 *
 * @param states where the rows' noisy states come from
 * @param weight of their loss
 */
record Course(List<Lesson> lessons, StateSource states, double weight) {
  Course {
    lessons = List.copyOf(lessons);
  }
}
