/** A scheduler as an application writes one, outside the library's packages. */
@NullMarked
package dev.palimpsest.plugin;

import org.jspecify.annotations.NullMarked;
