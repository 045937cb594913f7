package dev.palimpsest.lora;

import java.util.List;

/**
 * A LoRA that was read leniently.
 *
 * @param lora the modules that could be read
 * @param problems what of the file is not in it, one line each; empty if nothing is missing
 */
public record LoraReading(Lora lora, List<String> problems) {
  public LoraReading {
    problems = List.copyOf(problems);
  }
}
