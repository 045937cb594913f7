/** Low-rank adapters: read, merge, train. */
@NullMarked
package dev.palimpsest.lora;

import org.jspecify.annotations.NullMarked;
