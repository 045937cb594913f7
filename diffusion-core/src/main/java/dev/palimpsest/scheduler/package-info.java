/** Noise schedules and solvers: each solver is its paper's algorithm. */
@NullMarked
package dev.palimpsest.scheduler;

import org.jspecify.annotations.NullMarked;
