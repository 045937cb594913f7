package dev.palimpsest.checkpoint;

/**
 * Something that can be laid on a checkpoint, such as replaced tensors, an erasure or a merged
 * adapter. It describes a change; {@link #on} gives the changed view and leaves the checkpoint as
 * it is. Implementations are immutable and thread-safe.
 */
@FunctionalInterface
public interface CheckpointLayer {
  /**
   * {@code below} under this layer, put together of {@link WeightLayer}s; use {@link
   * Checkpoint#with} to call it.
   *
   * @throws IllegalArgumentException if the layer does not fit this checkpoint
   */
  Checkpoint on(Checkpoint below);
}
