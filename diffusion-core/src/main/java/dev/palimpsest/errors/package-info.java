/**
 * The exceptions that the library throws beside {@link IllegalArgumentException} and {@link
 * IllegalStateException}.
 */
@NullMarked
package dev.palimpsest.errors;

import org.jspecify.annotations.NullMarked;
