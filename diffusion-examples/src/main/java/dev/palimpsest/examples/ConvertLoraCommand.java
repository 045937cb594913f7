package dev.palimpsest.examples;

import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.LoraFormat;
import dev.palimpsest.lora.LoraReading;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A LoRA file in another format. */
@Command(
    name = "convert-lora",
    mixinStandardHelpOptions = true,
    description = "Writes a LoRA file in another format: its numbers stay as they are.",
    footer = {"", "Where the format cannot hold what the file says, nothing is written."})
final class ConvertLoraCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "IN", description = "A LoRA file of any format.")
  private Path in = Path.of("");

  @Parameters(index = "1", paramLabel = "OUT", description = "The file to write.")
  private Path out = Path.of("");

  @Option(
      names = "--to",
      required = true,
      paramLabel = "FORMAT",
      description = "${COMPLETION-CANDIDATES}")
  private LoraFormat format = LoraFormat.PEFT;

  @Option(
      names = "--lenient",
      description = "Leave out what does not belong or fit, and tell it, instead of refusing.")
  private boolean lenient;

  @Override
  public Integer call() throws IOException {
    OutputFile.check(out);
    Lora lora = lenient ? readLenient() : Lora.read(in);
    lora.save(out, format);
    spec.commandLine()
        .getOut()
        .printf("%s: %d modules of %s%n", out, lora.modules().size(), lora.components());
    return 0;
  }

  private Lora readLenient() throws IOException {
    LoraReading reading = Lora.readLenient(in);
    for (String problem : reading.problems()) {
      spec.commandLine().getErr().println("left out: " + problem);
    }
    return reading.lora();
  }
}
