package dev.palimpsest.examples;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.WeightLayer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A checkpoint with LoRAs merged into its weights. */
@Command(
    name = "merge-lora",
    mixinStandardHelpOptions = true,
    description = "Merges LoRAs into a checkpoint's weights and saves it as a diffusers folder.",
    footer = {"", "The first LoRA is merged first; with DoRA among them the order counts."})
final class MergeLoraCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--model",
      required = true,
      paramLabel = "PATH",
      description = "The checkpoint: a diffusers folder, or one .safetensors file.")
  private Path model = Path.of("");

  @Option(names = "--tokenizers", paramLabel = "DIR", description = CheckpointOptions.TOKENIZERS)
  private @Nullable Path tokenizers;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Missing or empty.")
  private Path out = Path.of("");

  @Parameters(
      arity = "0..*",
      paramLabel = "FILE[@STRENGTH]",
      converter = LayerFile.Converter.class,
      description =
          "LoRA files, each at its strength, default 1; without any, the checkpoint is saved as it is.")
  private List<LayerFile> files = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    Checkpoint checkpoint = CheckpointOptions.read(model, tokenizers);
    for (LayerFile file : files) {
      checkpoint = checkpoint.with(file.lora().at(file.strength()));
    }
    checkpoint.save(out);
    for (WeightLayer layer : checkpoint.layers()) {
      spec.commandLine().getOut().println(layer.description());
    }
    spec.commandLine().getOut().println("saved " + out);
    return 0;
  }
}
