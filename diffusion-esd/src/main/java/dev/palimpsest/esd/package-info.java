/** Concept erasure: erased concepts as weight layers. */
@NullMarked
package dev.palimpsest.esd;

import org.jspecify.annotations.NullMarked;
