/**
 * Networks as functions from a configuration and named weights to a graph, and the CLIP tokenizer.
 */
@NullMarked
package dev.palimpsest.model;

import org.jspecify.annotations.NullMarked;
