/** Attention sites and edits: a hook is a function on graph values. */
@NullMarked
package dev.palimpsest.attention;

import org.jspecify.annotations.NullMarked;
