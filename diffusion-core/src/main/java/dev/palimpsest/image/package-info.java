/** Pixels: bounded reading, PIL-exact resizing, PNG with metadata, grids. */
@NullMarked
package dev.palimpsest.image;

import org.jspecify.annotations.NullMarked;
