package dev.palimpsest.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.CheckpointLayer;
import dev.palimpsest.checkpoint.ComponentKind;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

/**
 * What holds for every {@link CheckpointLayer} with a strength: an author extends this with a
 * checkpoint and a layer that fits it, and runs it as a test class (with jqwik, on the JUnit
 * platform).
 */
public abstract class CheckpointLayerProperties {
  private static final int TRIES = 20;

  /** A small checkpoint without layers that the layer fits. */
  protected abstract Checkpoint checkpoint();

  /** The layer at a strength from 0 to 1. */
  protected abstract CheckpointLayer layer(double strength);

  @Example
  void applyingChangesTheViewAndDroppingItGivesTheOriginal() {
    Checkpoint original = checkpoint();
    String before = original.hash();
    Checkpoint changed = original.with(layer(1));
    assertNotEquals(before, changed.hash(), "the layer changes nothing");
    assertFalse(changed.layers().isEmpty(), "the layer is not among the checkpoint's layers");
    assertEquals(before, changed.base().hash());
    assertEquals(List.of(), changed.base().layers());
    assertEquals(before, hash(original), "applying the layer changed the checkpoint beneath");
    assertEquals(List.of(), original.layers());
  }

  @Example
  void strengthZeroIsTheIdentity() {
    assertEquals(hash(checkpoint()), hash(checkpoint().with(layer(0))));
  }

  @Property(tries = TRIES)
  void equalStrengthsGiveEqualBytes(@ForAll @DoubleRange(max = 1) double strength) {
    assertEquals(
        hash(checkpoint().with(layer(strength))), hash(checkpoint().with(layer(strength))));
  }

  @Property(tries = TRIES)
  void disjointLayersCommute(@ForAll @DoubleRange(max = 1) double strength, @ForAll long seed) {
    Checkpoint original = checkpoint();
    CheckpointLayer layer = layer(strength);
    WeightLayer other = disjoint(original, original.with(layer(1)), seed);
    assertEquals(hash(original.with(layer).with(other)), hash(original.with(other).with(layer)));
  }

  /** A layer of noise over up to three tensors that {@code changed} shares with the original. */
  private static WeightLayer disjoint(Checkpoint original, Checkpoint changed, long seed) {
    var replaced = new TreeSet<String>();
    changed
        .layers()
        .forEach(
            layer ->
                layer
                    .replacements()
                    .keySet()
                    .forEach(name -> replaced.add(layer.component() + "/" + name)));
    var random = new Random(seed);
    List<String> networks =
        original.components().stream()
            .filter(name -> original.component(name).kind() == ComponentKind.NETWORK)
            .toList();
    String component = networks.get(random.nextInt(networks.size()));
    Weights weights = original.weights(component);
    var names = new ArrayList<String>(weights.names());
    names.removeIf(name -> replaced.contains(component + "/" + name));
    var tensors = new TreeMap<String, Tensor>();
    var noise = NoiseSource.torch(seed);
    for (int i = 0; i < 3; i++) {
      String name = names.get(random.nextInt(names.size()));
      tensors.put(name, noise.gaussian(weights.shape(name)));
    }
    return WeightLayer.replacing("noise", component, tensors);
  }

  /** Computed anew, not remembered. */
  private static String hash(Checkpoint checkpoint) {
    return Checkpoint.of(
            checkpoint.index(),
            checkpoint.components().stream().map(checkpoint::component).toList())
        .hash();
  }
}
