package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.autodiff.Recomputation;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * What the backward part of a training computes again instead of keeping it: memory for time. Give
 * one to {@link TrainingGraph} or a builder. docs/training.md has the figures.
 */
public enum Recompute implements Function<Graph, Recomputation> {
  /** Everything is kept. */
  NOTHING {
    @Override
    public Recomputation apply(Graph network) {
      return Recomputation.none();
    }
  },

  /** Normalised values and activations, see {@link Recomputation#ofCheapOperators}. */
  CHEAP_OPERATORS {
    @Override
    public Recomputation apply(Graph network) {
      return Recomputation.ofCheapOperators();
    }
  },

  /**
   * All but the outputs of residual blocks, transformer blocks, resamplings and a text encoder's
   * layers, by the names that this library's networks give them.
   */
  BLOCKS {
    @Override
    public Recomputation apply(Graph network) {
      List<Value> blocks = new ArrayList<>();
      network
          .named()
          .forEach(
              (name, value) -> {
                if (BLOCK.matcher(name).matches()) {
                  blocks.add(value);
                }
              });
      checkArgument(
          !blocks.isEmpty(),
          "graph %s names no values as the blocks of known networks are named",
          network.name());
      return Recomputation.between(blocks);
    }
  };

  private static final Pattern BLOCK =
      Pattern.compile(
          "(.*\\.)?((resnets|attentions|transformer_blocks|layers)\\.\\d+"
              + "|(down|up)samplers\\.\\d+\\.conv|conv_in|embeddings)");

  /**
   * The choice for one network.
   *
   * @throws IllegalArgumentException if the network has no blocks
   */
  @Override
  public abstract Recomputation apply(Graph network);
}
