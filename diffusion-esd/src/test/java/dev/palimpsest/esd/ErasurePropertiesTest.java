package dev.palimpsest.esd;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.CheckpointLayer;
import dev.palimpsest.testkit.CheckpointLayerProperties;

class ErasurePropertiesTest extends CheckpointLayerProperties {
  private static final Checkpoint CHECKPOINT = TestModels.checkpoint(7);
  private static final Erasure ERASURE = Erasures.noise(CHECKPOINT, "attn2.to_k.weight", 3);

  @Override
  protected Checkpoint checkpoint() {
    return CHECKPOINT;
  }

  @Override
  protected CheckpointLayer layer(double strength) {
    return ERASURE.at(strength);
  }
}
