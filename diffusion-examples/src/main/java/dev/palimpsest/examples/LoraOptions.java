package dev.palimpsest.examples;

import dev.palimpsest.lora.LoraTrainingBuilder;
import picocli.CommandLine.Option;

/** How large a LoRA is and how it is trained; commands differ in what is usual. */
final class LoraOptions {
  @Option(names = "--rank", paramLabel = "N", description = "Default ${DEFAULT-VALUE}.")
  private int rank = 16;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "The learning rate; default ${DEFAULT-VALUE}.")
  private double rate;

  @Option(
      names = "--text-rate",
      paramLabel = "R",
      description =
          "That of the text encoders, which are not trained at 0; default ${DEFAULT-VALUE}.")
  private double textRate;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Pictures of the smallest resolution in a batch; default ${DEFAULT-VALUE}.")
  private int batch;

  @Option(names = "--steps", paramLabel = "N", description = "Default ${DEFAULT-VALUE}.")
  private long steps = 1000;

  private LoraOptions(double rate, double textRate, int batch) {
    this.rate = rate;
    this.textRate = textRate;
    this.batch = batch;
  }

  /** For a model of the size of Stable Diffusion. */
  static LoraOptions forLargeModels() {
    return new LoraOptions(1e-4, 0, 1);
  }

  /** For the starter model. */
  static LoraOptions forStarter() {
    return new LoraOptions(2e-3, 2e-3, 8);
  }

  double rate() {
    return rate;
  }

  long steps() {
    return steps;
  }

  /** Sets all but the learning rate, whose course is the command's. */
  void applyTo(LoraTrainingBuilder plan) {
    plan.rank(rank).batch(batch).steps(steps);
    if (textRate != 0) {
      plan.textEncoder(textRate);
    }
  }
}
