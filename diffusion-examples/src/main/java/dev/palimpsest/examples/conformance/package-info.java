/**
 * The conformance runner: computes, through the public API, what reference cases ask for, and
 * compares where expected values are given.
 */
@NullMarked
package dev.palimpsest.examples.conformance;

import org.jspecify.annotations.NullMarked;
