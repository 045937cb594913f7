/** The command line, the starter model, the conformance runner and worked examples. */
@NullMarked
package dev.palimpsest.examples;

import org.jspecify.annotations.NullMarked;
