/**
 * Training: what learning from scratch, erasure and adapters share. A graph with a loss is
 * differentiated and run by one session ({@link dev.palimpsest.training.TrainingSession}); a {@link
 * dev.palimpsest.training.Trainer} opens a {@link dev.palimpsest.training.TrainingRun} on a folder,
 * which survives being killed and resumes to the same bytes. See docs/training.md.
 */
@NullMarked
package dev.palimpsest.training;

import org.jspecify.annotations.NullMarked;
