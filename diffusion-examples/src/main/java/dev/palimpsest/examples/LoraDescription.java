package dev.palimpsest.examples;

import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.LoraModule;
import dev.palimpsest.lora.LoraReading;
import dev.palimpsest.lora.TriggerWord;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What there is to tell people about a LoRA. */
record LoraDescription(LoraReading reading, PrintWriter out) {
  private static final String ROW = "%-16s %8s %-14s %-14s %-16s %s%n";
  private static final int LONGEST = 160;

  void print() {
    Lora lora = reading.lora();
    out.println("LoRA " + lora.name());
    out.printf(ROW, "component", "modules", "rank", "alpha", "kind", "types");
    for (String component : lora.components()) {
      row(component, lora.modules(component).values());
    }
    if (!lora.triggers().isEmpty()) {
      out.println(
          "trigger words: "
              + lora.triggers().stream()
                  .map(TriggerWord::phrase)
                  .collect(Collectors.joining(", ")));
    }
    lora.metadata().forEach(this::entry);
    List<String> problems = reading.problems();
    problems.forEach(problem -> out.println("not read: " + problem));
  }

  private void row(String component, Collection<LoraModule> modules) {
    out.printf(
        ROW,
        component,
        modules.size(),
        each(modules, LoraModule::rank),
        each(modules, LoraModule::alpha),
        each(modules, LoraDescription::kind),
        each(modules, module -> module.down().dtype()));
  }

  private static String kind(LoraModule module) {
    return (module.magnitude().isPresent() ? "DoRA" : module.rankStabilized() ? "rsLoRA" : "LoRA")
        + (module.isConvolution() ? " conv" : "");
  }

  private static <T extends Comparable<? super T>> String each(
      Collection<LoraModule> modules, Function<LoraModule, T> value) {
    return modules.stream().map(value).collect(Collectors.toCollection(TreeSet::new)).stream()
        .map(String::valueOf)
        .collect(Collectors.joining(", "));
  }

  /** One line, however long the entry is: trainers keep whole statistics of their pictures. */
  private void entry(String name, String text) {
    String line = text.replaceAll("\\s+", " ");
    out.println(
        name
            + ": "
            + (line.length() > LONGEST
                ? line.substring(0, LONGEST) + "… (" + line.length() + " characters)"
                : line));
  }
}
