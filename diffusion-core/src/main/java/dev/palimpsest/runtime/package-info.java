/** Devices and sessions: the only package that touches ONNX Runtime. */
@NullMarked
package dev.palimpsest.runtime;

import org.jspecify.annotations.NullMarked;
