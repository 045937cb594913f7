package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.CheckpointLayer;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A concept scraped out of a U-Net: the tensors that changed, and how they came about.
 *
 * <p>It is laid on the checkpoint it was made on, {@code checkpoint.with(erasure)}; dropping the
 * result gives back the original exactly, and saving it bakes the erasure in. Of two erasures that
 * change the same tensors the upper one would undo the lower one, which is an error unless it was
 * made on top of that one; several concepts are erased in one run. Immutable and thread-safe.
 */
public final class Erasure implements CheckpointLayer {
  private static final String COMPONENT = "unet";
  private static final String KEY = "palimpsest.erasure";

  private final ErasureRecord record;
  private final SortedMap<String, Tensor> tensors;
  private final double strength;
  private final boolean forced;

  private Erasure(
      ErasureRecord record, SortedMap<String, Tensor> tensors, double strength, boolean forced) {
    this.record = record;
    this.tensors = tensors;
    this.strength = strength;
    this.forced = forced;
  }

  /**
   * An erasure of full strength.
   *
   * @param tensors the U-Net's changed tensors by their names, at least one; kept in float32
   */
  public static Erasure of(ErasureRecord record, Map<String, Tensor> tensors) {
    checkArgument(!tensors.isEmpty(), "an erasure of %s changes no tensor", record.concepts());
    var sorted = new TreeMap<String, Tensor>();
    tensors.forEach((name, tensor) -> sorted.put(name, tensor.as(DType.FLOAT32)));
    return new Erasure(record, Collections.unmodifiableSortedMap(sorted), 1, false);
  }

  /**
   * The erasure in a file that {@link #save} wrote; tensors are mapped, not read.
   *
   * @throws CheckpointException if the file is malformed or not an erasure
   */
  public static Erasure read(Path file) throws CheckpointException {
    Safetensors stored = Safetensors.read(file);
    String json = stored.metadata().get(KEY);
    if (json == null) {
      throw new CheckpointException(
          file + ": not an erasure; the header has no entry " + KEY + " among " + keys(stored));
    }
    ErasureRecord record = ErasureRecord.parse(json, file + ", " + KEY);
    var tensors = new TreeMap<String, Tensor>();
    for (String name : stored.names()) {
      if (stored.dtype(name) != DType.FLOAT32) {
        throw new CheckpointException(
            file + ": tensor " + name + " is " + stored.dtype(name) + ", expected FLOAT32");
      }
      tensors.put(name, stored.tensor(name));
    }
    if (tensors.isEmpty()) {
      throw new CheckpointException(file + ": an erasure without tensors");
    }
    return of(record, tensors);
  }

  private static Set<String> keys(Safetensors stored) {
    return new TreeMap<>(stored.metadata()).keySet();
  }

  /**
   * Writes the changed tensors and the record as one safetensors file; equal erasures give equal
   * bytes. Strength and force are not written: they are said where the erasure is applied.
   *
   * @throws CheckpointException if the file cannot be written
   */
  public void save(Path file) throws CheckpointException {
    Safetensors.write(file, tensors, Map.of("format", "pt", KEY, record.json()));
  }

  /**
   * This erasure in part: each tensor is b + strength · (e − b) of the tensor b beneath and the
   * erased e, computed when it is applied. 0 is exactly what lies beneath, 1 exactly the erasure.
   *
   * @param strength from 0 to 1, whatever this object's own is
   */
  public Erasure at(double strength) {
    checkArgument(strength >= 0 && strength <= 1, "strength must be from 0 to 1, was %s", strength);
    return new Erasure(record, tensors, strength, forced);
  }

  /** This erasure for any checkpoint whose tensors have the same names and shapes. */
  public Erasure force() {
    return new Erasure(record, tensors, strength, true);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException also, unless {@link #force}d, if the checkpoint is not the one
   *     it was made on, or a layer beneath changes the same tensors and was not there then
   */
  @Override
  public Checkpoint on(Checkpoint below) {
    if (!forced) {
      checkBase(below);
      below.layers().forEach(this::checkBeneath);
    }
    return strength == 0
        ? below
        : below.with(
            WeightLayer.replacing(description(), COMPONENT, applied(below.weights(COMPONENT))));
  }

  private void checkBase(Checkpoint below) {
    String hash = below.base().hash();
    checkArgument(
        hash.equals(record.baseHash()),
        "%s was made on the checkpoint with hash %s; %s has %s (force() applies it nevertheless)",
        description(),
        record.baseHash(),
        below,
        hash);
  }

  private void checkBeneath(WeightLayer layer) {
    boolean apart =
        !layer.component().equals(COMPONENT)
            || Collections.disjoint(layer.replacements().keySet(), tensors.keySet());
    checkArgument(
        apart || record.layersBeneath().contains(layer.description()),
        "%s would undo the layer %s, which changes the same tensors and was not there when it was"
            + " made (force() applies it nevertheless)",
        description(),
        layer);
  }

  private Map<String, Tensor> applied(Weights below) {
    if (strength == 1) {
      return tensors;
    }
    var applied = new TreeMap<String, Tensor>();
    tensors.forEach(
        (name, erased) -> {
          checkArgument(below.contains(name), "%s: no tensor %s", description(), name);
          applied.put(name, between(below.get(name), erased));
        });
    return applied;
  }

  private Tensor between(Tensor below, Tensor erased) {
    float[] from = below.floats();
    float[] to = erased.floats();
    checkArgument(
        from.length == to.length,
        "%s: shape %s over %s",
        description(),
        erased.shape(),
        below.shape());
    float[] out = new float[from.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (from[i] + strength * ((double) to[i] - from[i]));
    }
    return Tensor.of(erased.shape(), out);
  }

  public ErasureRecord record() {
    return record;
  }

  /** The changed tensors at full strength, float32, by the U-Net's tensor names, sorted. */
  public SortedMap<String, Tensor> tensors() {
    return tensors;
  }

  /** From 0 to 1. */
  public double strength() {
    return strength;
  }

  /** One line for provenance. */
  public String description() {
    return record.description() + (strength == 1 ? "" : ", at strength " + strength);
  }

  @Override
  public String toString() {
    return description();
  }
}
