/**
 * The study of the car: a base model that knows other makes, unwanted concepts erased from it, the
 * car taught to it as a LoRA, and all of it drawn, measured and reported. It is written as a user
 * of the library would: each stage is one class that reads and writes files of the study's folder.
 * {@code docs/car-study.md} tells how to run it, {@link dev.palimpsest.examples.car.study.CarStudy}
 * is where to begin.
 */
@NullMarked
package dev.palimpsest.examples.car.study;

import org.jspecify.annotations.NullMarked;
