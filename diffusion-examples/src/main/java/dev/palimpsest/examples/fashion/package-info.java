/**
 * The study on Fashion-MNIST: a class-conditional diffusion model trained from scratch and judged.
 */
@NullMarked
package dev.palimpsest.examples.fashion;

import org.jspecify.annotations.NullMarked;
