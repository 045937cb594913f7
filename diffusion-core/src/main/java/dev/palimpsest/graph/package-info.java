/**
 * Networks as values: a {@link dev.palimpsest.graph.Value} knows its operator, inputs, element type
 * and shape; a graph is what is reachable from its outputs; it is written and read as ONNX.
 */
@NullMarked
package dev.palimpsest.graph;

import org.jspecify.annotations.NullMarked;
