/**
 * Reverse-mode differentiation of graphs: {@link dev.palimpsest.autodiff.Gradients} walks a forward
 * graph backwards through a table of rules, one row an operator, and gives gradients that are
 * values like any other.
 */
@NullMarked
package dev.palimpsest.autodiff;

import org.jspecify.annotations.NullMarked;
