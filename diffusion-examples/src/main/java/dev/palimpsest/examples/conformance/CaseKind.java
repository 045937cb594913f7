package dev.palimpsest.examples.conformance;

import java.io.IOException;

/** Computes the cases of one kind. */
@FunctionalInterface
interface CaseKind {
  void run(ConformanceCase conformanceCase) throws IOException;
}
