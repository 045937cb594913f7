/**
 * Renders of invented saloons with known parameters: what a picture shows, its caption, and the
 * scene files that POV-Ray draws it from. The pictures of the study lie in {@code data/car128} of
 * this module, the scene in {@code renders}; {@code docs/car-study.md} tells how they were made.
 */
@NullMarked
package dev.palimpsest.examples.car;

import org.jspecify.annotations.NullMarked;
