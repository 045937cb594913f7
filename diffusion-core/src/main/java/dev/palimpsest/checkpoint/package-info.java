/**
 * Files: safetensors, diffusers folders, and weights as stacked layers over memory-mapped tensors.
 */
@NullMarked
package dev.palimpsest.checkpoint;

import org.jspecify.annotations.NullMarked;
