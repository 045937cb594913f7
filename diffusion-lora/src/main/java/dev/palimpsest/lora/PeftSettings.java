package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Peft's settings of the adapters in a file: ranks and alphas by module, as diffusers keeps them in
 * the header's {@code lora_adapter_metadata} and peft in {@code adapter_config.json}. Immutable.
 * Source: peft LoraConfig, get_pattern_key.
 */
final class PeftSettings {
  /** The header's entry. */
  static final String ENTRY = "lora_adapter_metadata";

  private static final Pattern PLAIN = Pattern.compile("\\^?[\\w.]+");

  private final Config config;
  private final boolean byComponent;

  private PeftSettings(Config config, boolean byComponent) {
    this.config = config;
    this.byComponent = byComponent;
  }

  /** Settings whose fields bear the component in front: {@code unet.lora_alpha}. */
  static PeftSettings byComponent(Config config) {
    return new PeftSettings(config, true);
  }

  /** One component's settings. */
  static PeftSettings ofOne(Config config) {
    return new PeftSettings(config, false);
  }

  private String field(LoraTarget target, String name) {
    return byComponent ? target.component() + "." + name : name;
  }

  /**
   * The module's alpha; empty if the settings say nothing of its component.
   *
   * @throws IllegalArgumentException if a field has another type than expected
   */
  OptionalDouble alpha(LoraTarget target) {
    String patterns = field(target, "alpha_pattern");
    if (!config.isNull(patterns)) {
      Config alphas = config.object(patterns);
      for (String pattern : alphas.asMap().keySet()) {
        if (matches(pattern, target.module())) {
          return OptionalDouble.of(alphas.number(pattern));
        }
      }
    }
    String field = field(target, "lora_alpha");
    return config.isNull(field) ? OptionalDouble.empty() : config.optionalNumber(field);
  }

  /** A pattern is the end of a module's path, or all of it after {@code ^}. */
  private static boolean matches(String pattern, String module) {
    checkArgument(
        PLAIN.matcher(pattern).matches(),
        "the pattern %s is a regular expression; module names are supported",
        pattern);
    return pattern.startsWith("^")
        ? module.equals(pattern.substring(1))
        : module.equals(pattern) || module.endsWith("." + pattern);
  }

  boolean rankStabilized(LoraTarget target) {
    return flag(field(target, "use_rslora"));
  }

  boolean dora(LoraTarget target) {
    return flag(field(target, "use_dora"));
  }

  private boolean flag(String field) {
    return !config.isNull(field) && config.bool(field);
  }

  /**
   * The header's entry for these modules.
   *
   * @throws IllegalArgumentException if modules of one component differ in what peft says once for
   *     all
   */
  static String entry(Map<LoraTarget, LoraModule> modules) {
    Map<String, Map<LoraTarget, LoraModule>> components = new TreeMap<>();
    modules.forEach(
        (target, module) ->
            components
                .computeIfAbsent(target.component(), c -> new TreeMap<>())
                .put(target, module));
    Map<String, Object> fields = new LinkedHashMap<>();
    components.forEach(
        (component, own) ->
            of(own).forEach((name, value) -> fields.put(component + "." + name, value)));
    return Config.of(fields).json();
  }

  private static Map<String, Object> of(Map<LoraTarget, LoraModule> modules) {
    int rank = (int) usual(modules, LoraModule::rank);
    double alpha = usual(modules, LoraModule::alpha);
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("r", rank);
    fields.put("lora_alpha", number(alpha));
    fields.put("rank_pattern", others(modules, module -> module.rank(), rank));
    fields.put("alpha_pattern", others(modules, LoraModule::alpha, alpha));
    fields.put("lora_dropout", 0.0);
    fields.put("bias", "none");
    fields.put("use_rslora", same("rank stabilisation", modules, LoraModule::rankStabilized));
    fields.put("use_dora", same("DoRA", modules, module -> module.magnitude().isPresent()));
    fields.put("target_modules", modules.keySet().stream().map(LoraTarget::module).toList());
    return fields;
  }

  /** The most frequent value, the smallest of several. */
  private static double usual(
      Map<LoraTarget, LoraModule> modules, ToDoubleFunction<LoraModule> value) {
    Map<Double, Long> counts =
        modules.values().stream()
            .collect(
                Collectors.groupingBy(value::applyAsDouble, TreeMap::new, Collectors.counting()));
    Optional<Map.Entry<Double, Long>> most =
        counts.entrySet().stream().reduce((a, b) -> b.getValue() > a.getValue() ? b : a);
    return most.orElseThrow().getKey();
  }

  private static Map<String, Object> others(
      Map<LoraTarget, LoraModule> modules, ToDoubleFunction<LoraModule> value, double usual) {
    Map<String, Object> others = new LinkedHashMap<>();
    modules.forEach(
        (target, module) -> {
          double own = value.applyAsDouble(module);
          if (own != usual) {
            others.put(target.module(), number(own));
          }
        });
    return others;
  }

  private static Object number(double value) {
    return value == (int) value ? (Object) (int) value : (Object) value;
  }

  private static boolean same(
      String what, Map<LoraTarget, LoraModule> modules, Function<LoraModule, Boolean> value) {
    List<Boolean> values = new ArrayList<>();
    modules.values().forEach(module -> values.add(value.apply(module)));
    checkArgument(
        values.stream().distinct().count() == 1,
        "some modules of %s have %s and others not; peft's settings hold one answer for all",
        modules.keySet().iterator().next().component(),
        what);
    return values.get(0);
  }
}
