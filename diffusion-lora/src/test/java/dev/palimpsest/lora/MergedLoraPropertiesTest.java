package dev.palimpsest.lora;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.CheckpointLayer;
import dev.palimpsest.testkit.CheckpointLayerProperties;

class MergedLoraPropertiesTest extends CheckpointLayerProperties {
  private static final Checkpoint CHECKPOINT = TestModels.checkpoint(7);
  private static final Lora LORA = Loras.attention(CHECKPOINT, Loras.Kind.PLAIN, 3);

  @Override
  protected Checkpoint checkpoint() {
    return CHECKPOINT;
  }

  @Override
  protected CheckpointLayer layer(double strength) {
    return LORA.at(strength);
  }
}
