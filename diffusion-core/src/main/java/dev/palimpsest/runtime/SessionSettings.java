package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;

import java.util.Map;
import java.util.Set;

/**
 * Choices between time and memory for one session. Start from {@link #defaults()}; docs/memory.md
 * has the figures.
 *
 * @param optimization how far ONNX Runtime rewrites the graph
 * @param prepacking whether weights are laid out for the processor's kernels when the session
 *     opens: slower to open, faster to run
 * @param arena whether freed memory is kept for the next run
 * @param memoryPattern whether memory of runs of one shape is planned in one piece
 * @param sharedWeights whether large weights of products are read where they lie, for as long as
 *     the session is open, instead of copied: on the CPU, for direct float32 tensors. Nobody may
 *     change them meanwhile. Prepacking and layouts, which are copies, are off then
 * @param editedWeights names of weights whose memory the caller changes between runs, on the CPU:
 *     direct tensors, read where they lie for as long as the session is open. Prepacking and all
 *     rewriting, which would compute from them ahead, are off then
 * @param usualSizes what the graph's symbols mostly stand for, such as {@code height}: the session
 *     is right for all sizes and fast for these; empty if unknown
 */
public record SessionSettings(
    Optimization optimization,
    boolean prepacking,
    boolean arena,
    boolean memoryPattern,
    boolean sharedWeights,
    Set<String> editedWeights,
    Map<String, Long> usualSizes) {
  private static final SessionSettings DEFAULTS =
      new SessionSettings(Optimization.ALL, true, true, true, false, Set.of(), Map.of());

  /** How far ONNX Runtime rewrites a graph; each includes those before it. */
  public enum Optimization {
    /** As written. Weights stored in another type are then converted at every run. */
    NONE,
    /** Constants folded, what nobody needs removed. */
    BASIC,
    /** Operators fused. */
    EXTENDED,
    /** Layouts chosen for the processor. */
    ALL
  }

  public SessionSettings {
    requireNonNull(optimization);
    editedWeights = Set.copyOf(editedWeights);
    usualSizes = Map.copyOf(usualSizes);
  }

  /** The fastest runs. */
  public static SessionSettings defaults() {
    return DEFAULTS;
  }

  public SessionSettings optimization(Optimization value) {
    return new SessionSettings(
        value, prepacking, arena, memoryPattern, sharedWeights, editedWeights, usualSizes);
  }

  public SessionSettings prepacking(boolean value) {
    return new SessionSettings(
        optimization, value, arena, memoryPattern, sharedWeights, editedWeights, usualSizes);
  }

  public SessionSettings arena(boolean value) {
    return new SessionSettings(
        optimization, prepacking, value, memoryPattern, sharedWeights, editedWeights, usualSizes);
  }

  public SessionSettings memoryPattern(boolean value) {
    return new SessionSettings(
        optimization, prepacking, arena, value, sharedWeights, editedWeights, usualSizes);
  }

  public SessionSettings sharedWeights(boolean value) {
    return new SessionSettings(
        optimization, prepacking, arena, memoryPattern, value, editedWeights, usualSizes);
  }

  public SessionSettings editedWeights(Set<String> value) {
    return new SessionSettings(
        optimization, prepacking, arena, memoryPattern, sharedWeights, value, usualSizes);
  }

  public SessionSettings usualSizes(Map<String, Long> value) {
    return new SessionSettings(
        optimization, prepacking, arena, memoryPattern, sharedWeights, editedWeights, value);
  }
}
