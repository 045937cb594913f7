/**
 * How good generated pictures are, as numbers: sets of feature vectors are compared. Whose features
 * they are decides what the numbers mean; those of different networks cannot be compared.
 */
@NullMarked
package dev.palimpsest.examples.metrics;

import org.jspecify.annotations.NullMarked;
