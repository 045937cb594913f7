package dev.palimpsest.examples;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.TextualInversion;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.TriggerWord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What runs beside a model. Its files are read once. */
final class AdapterOptions {
  @Option(
      names = "--lora",
      paramLabel = "FILE[@STRENGTH]",
      converter = LayerFile.Converter.class,
      description = "Run this LoRA beside the model, at a strength, default 1; may be repeated.")
  private List<LayerFile> loras = new ArrayList<>();

  @Option(
      names = "--embedding",
      paramLabel = "[WORD=]FILE",
      description =
          "Let prompts use the word of this textual inversion (safetensors), or WORD in its place;"
              + " may be repeated.")
  private List<String> embeddings = new ArrayList<>();

  private @Nullable Adapters read; // null until first asked for

  private record UsedLora(Lora lora, double strength) {}

  private record Adapters(List<UsedLora> loras, List<TextualInversion> embeddings) {}

  private Adapters read() throws IOException {
    if (read == null) {
      List<UsedLora> used = new ArrayList<>();
      for (LayerFile file : loras) {
        used.add(new UsedLora(file.lora(), file.strength()));
      }
      List<TextualInversion> words = new ArrayList<>();
      for (String text : embeddings) {
        int equals = text.indexOf('=');
        TextualInversion own = TextualInversion.read(Path.of(text.substring(equals + 1)));
        words.add(equals < 0 ? own : own.named(text.substring(0, equals)));
      }
      read = new Adapters(used, words);
    }
    return read;
  }

  void addTo(DiffusionPipeline.Builder builder) throws IOException {
    Adapters adapters = read();
    adapters.loras.forEach(used -> builder.adapter(used.lora, used.strength));
    adapters.embeddings.forEach(builder::adapter);
  }

  /** The prompt with the trigger words of each LoRA that acts and of which it uses none. */
  String withTriggers(String prompt) throws IOException {
    String inserted = prompt;
    for (UsedLora used : read().loras) {
      if (used.strength != 0) {
        inserted = TriggerWord.insert(used.lora.triggers(), inserted);
      }
    }
    return inserted;
  }

  /** The words that prompts can use because of these files. */
  List<String> words() throws IOException {
    List<String> words = new ArrayList<>();
    Adapters adapters = read();
    adapters.loras.forEach(
        used -> used.lora.triggers().forEach(trigger -> words.add(trigger.phrase())));
    adapters.embeddings.forEach(embedding -> words.add(embedding.name()));
    return words;
  }
}
