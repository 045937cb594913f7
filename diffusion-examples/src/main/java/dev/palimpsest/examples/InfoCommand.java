package dev.palimpsest.examples;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.ComponentKind;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.ErasureRecord;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a checkpoint, an erasure or a LoRA holds, or how a picture was made. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = "Tells what a checkpoint, an erasure or a LoRA holds, or how a PNG was made.")
final class InfoCommand implements Callable<Integer> {
  private static final String ROW = "%-16s %-28s %14s %12s  %s%n";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "PATH",
      description =
          "A checkpoint (folder or .safetensors file), an erasure, a LoRA or a picture; default the"
              + " starter model.")
  private @Nullable Path path;

  @Option(names = "--tokenizers", paramLabel = "DIR", description = CheckpointOptions.TOKENIZERS)
  private @Nullable Path tokenizers;

  @Option(
      names = "--hash",
      description = "Also the hash of all weights, which are read whole for it.")
  private boolean hash;

  @Override
  public Integer call() throws IOException {
    if (path == null) {
      try (StarterModel starter = StarterModel.open()) {
        describe(starter.checkpoint(), "the starter model");
      }
    } else if (!Files.isDirectory(path)
        && String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT).endsWith(".png")) {
      describe(path);
    } else if (Files.isRegularFile(path)) {
      describeSafetensors(path);
    } else {
      describe(Checkpoint.read(path), path.toString());
    }
    return 0;
  }

  /** An erasure says that it is one; LoRAs and checkpoints are known by their tensors' names. */
  private void describeSafetensors(Path file) throws IOException {
    if (Lora.looksLikeOne(file)) {
      new LoraDescription(Lora.readLenient(file), out()).print();
    } else if (tokenizers != null || Checkpoint.looksLikeOne(file)) {
      describe(CheckpointOptions.read(file, tokenizers), file.toString());
    } else {
      describe(Erasure.read(file));
    }
  }

  private void describe(Path png) throws IOException {
    PngMetadata metadata = PngFile.metadata(png);
    boolean says = metadata.parameters().isPresent() || metadata.json().isPresent();
    metadata.parameters().ifPresent(out()::println);
    metadata.json().ifPresent(json -> out().println("palimpsest: " + json));
    out().println("marked as made by a trained model: " + (metadata.isGenerated() ? "yes" : "no"));
    if (!says) {
      out().println("nothing is said of how it was made");
    }
  }

  private void describe(Erasure erasure) {
    ErasureRecord record = erasure.record();
    long parameters = erasure.tensors().values().stream().mapToLong(Tensor::elements).sum();
    out().println("erasure by " + record.method() + ", " + record.libraryVersion());
    record.concepts().forEach(concept -> out().println("  erased: " + concept));
    record.preserved().forEach(prompt -> out().println("  preserved: " + prompt));
    record.settings().forEach((name, value) -> out().println("  " + name + ": " + value));
    out().println("  made on: " + record.baseHash());
    record.layersBeneath().forEach(layer -> out().println("  over: " + layer));
    out().printf("  %d tensors, %s parameters%n", erasure.tensors().size(), count(parameters));
  }

  private void describe(Checkpoint checkpoint, String where) {
    out().println(checkpoint.className() + " in " + where);
    out().printf(ROW, "component", "class", "parameters", "size", "types");
    long bytes = 0;
    for (String name : checkpoint.components()) {
      Component component = checkpoint.component(name);
      bytes += component.bytes();
      row(component);
    }
    out().printf(ROW, "total", "", count(checkpoint.parameters()), size(bytes), "");
    scheduler(checkpoint);
    nativeSize(checkpoint);
    if (checkpoint.declaresSafetyChecker()) {
      out().println("declares a safety checker, which has to be replaced or declined");
    }
    if (hash) {
      out().println("hash: " + checkpoint.hash());
    }
  }

  private void row(Component component) {
    boolean network = component.kind() == ComponentKind.NETWORK;
    String types = String.join(", ", component.dtypes());
    out()
        .printf(
            ROW,
            component.name(),
            component.className(),
            network ? count(component.parameters()) : "",
            network ? size(component.bytes()) : "",
            types + component.variant().map(variant -> ", variant " + variant).orElse(""));
  }

  private void scheduler(Checkpoint checkpoint) {
    if (checkpoint.has("scheduler")) {
      Config config = checkpoint.config("scheduler");
      out()
          .printf(
              "scheduler: %s, predicts %s, betas %s, %d training steps%n",
              checkpoint.component("scheduler").className(),
              config.string("prediction_type", "epsilon"),
              config.string("beta_schedule", "linear"),
              config.integer("num_train_timesteps", 1000));
    }
  }

  private void nativeSize(Checkpoint checkpoint) {
    if (!checkpoint.has("unet") || checkpoint.config("unet").isNull("sample_size")) {
      return;
    }
    List<Integer> sample = checkpoint.config("unet").integers("sample_size");
    int factor = 1;
    if (checkpoint.has("vae") && checkpoint.config("vae").has("block_out_channels")) {
      factor = 1 << checkpoint.config("vae").integers("block_out_channels").size() - 1;
    }
    out()
        .printf(
            "native size: %dx%d pixels%n",
            sample.get(sample.size() - 1) * factor, sample.get(0) * factor);
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String size(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
