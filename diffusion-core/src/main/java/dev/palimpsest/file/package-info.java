/** Files that appear whole or not at all. */
@NullMarked
package dev.palimpsest.file;

import org.jspecify.annotations.NullMarked;
