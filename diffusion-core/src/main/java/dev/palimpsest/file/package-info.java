/** Files that appear whole or not at all, and work in folders that is gone on with. */
@NullMarked
package dev.palimpsest.file;

import org.jspecify.annotations.NullMarked;
