package dev.palimpsest;

/**
 * Told of each solver step of a generation, on the generating thread. An exception thrown here ends
 * the generation and reaches the caller.
 */
@FunctionalInterface
public interface GenerationListener {
  GenerationListener NONE = step -> {};

  void onStep(GenerationStep step);
}
