/**
 * Training: what learning from scratch, erasure and adapters share. A graph with a loss is
 * differentiated ({@link dev.palimpsest.training.TrainingGraph}) and run by one session ({@link
 * dev.palimpsest.training.TrainingSession}); a {@link dev.palimpsest.training.TrainingRun} on a
 * folder survives being killed and resumes to the same bytes; {@link
 * dev.palimpsest.training.DiffusionTraining} trains a network from its configuration. See
 * docs/training.md.
 */
@NullMarked
package dev.palimpsest.training;

import org.jspecify.annotations.NullMarked;
