package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.lora.LoraKey.Part;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads one file: sorts its tensors by module, puts the modules together, notes what is wrong. */
final class LoraReader {
  private final Safetensors file;
  private final @Nullable PeftSettings settings;
  private final List<String> problems = new ArrayList<>();
  private final Map<LoraTarget, Map<Part, String>> parts = new TreeMap<>();
  private final Set<LoraTarget> ambiguous = new HashSet<>();

  private LoraReader(Safetensors file, @Nullable PeftSettings settings) {
    this.file = file;
    this.settings = settings;
  }

  static LoraReading read(Path path) throws CheckpointException {
    Safetensors file = Safetensors.read(path);
    refuseOthers(file);
    var reader = new LoraReader(file, settings(file));
    file.names().forEach(reader::sort);
    reader.parts.keySet().removeAll(reader.ambiguous);
    Map<LoraTarget, LoraModule> modules = new TreeMap<>();
    reader.parts.forEach(
        (target, own) -> {
          try {
            modules.put(target, reader.module(target, own));
          } catch (IllegalArgumentException e) {
            reader.problems.add(target + ": " + e.getMessage());
          }
        });
    if (modules.isEmpty()) {
      throw new CheckpointException(
          path + ": no module of a LoRA could be read" + listed(reader.problems));
    }
    return new LoraReading(
        new Lora(title(path), modules, metadata(file.metadata())), reader.problems);
  }

  static String listed(List<String> problems) {
    return problems.isEmpty() ? "" : ":\n  " + String.join("\n  ", problems);
  }

  private static String title(Path path) {
    return String.valueOf(path.getFileName()).replaceFirst("\\.safetensors$", "");
  }

  /** What is not said by the modules themselves. */
  private static Map<String, String> metadata(Map<String, String> header) {
    Map<String, String> rest = new TreeMap<>(header);
    rest.remove(PeftSettings.ENTRY);
    rest.remove("format");
    return rest;
  }

  private static void refuseOthers(Safetensors file) throws CheckpointException {
    for (String name : file.names()) {
      Optional<String> kind = LoraKey.otherKind(name);
      if (kind.isPresent()) {
        throw new CheckpointException(
            String.format(
                "%s: tensor %s belongs to %s; LoRA, LoCon and DoRA are supported",
                file.path(), name, kind.get()));
      }
    }
  }

  private static @Nullable PeftSettings settings(Safetensors file) throws CheckpointException {
    String entry = file.metadata().get(PeftSettings.ENTRY);
    if (entry != null) {
      String source = file.path() + ": " + PeftSettings.ENTRY;
      return PeftSettings.byComponent(Config.parse(entry, source));
    }
    Path beside = file.path().resolveSibling("adapter_config.json");
    boolean peftsOwn = file.names().stream().anyMatch(name -> name.startsWith("base_model.model."));
    return peftsOwn && Files.exists(beside) ? PeftSettings.ofOne(Config.read(beside)) : null;
  }

  private void sort(String name) {
    Optional<LoraKey> key = LoraKey.of(name);
    Optional<LoraTarget> target = key.flatMap(k -> LoraNames.target(k.owner()));
    if (target.isEmpty()) {
      String family =
          LoraNames.otherFamily(name).map(f -> "; names like this belong to " + f).orElse("");
      problems.add(
          String.format("tensor %s belongs to no module of Stable Diffusion%s", name, family));
      return;
    }
    String other =
        parts
            .computeIfAbsent(target.get(), t -> new EnumMap<>(Part.class))
            .put(key.orElseThrow().part(), name);
    if (other != null) {
      problems.add(
          String.format("tensors %s and %s are the same of %s", other, name, target.get()));
      ambiguous.add(target.get());
    }
  }

  private LoraModule module(LoraTarget target, Map<Part, String> own) {
    Tensor down = matrix(own, Part.DOWN);
    Tensor up = matrix(own, Part.UP);
    Optional<Tensor> magnitude =
        own.containsKey(Part.MAGNITUDE)
            ? Optional.of(magnitude(tensor(own.get(Part.MAGNITUDE)), up.shape()))
            : Optional.empty();
    checkArgument(
        magnitude.isPresent() || settings == null || !settings.dora(target),
        "the settings say DoRA, but there is no magnitude");
    boolean rankStabilized = settings != null && settings.rankStabilized(target);
    double alpha = own.containsKey(Part.ALPHA) ? alpha(own.get(Part.ALPHA)) : Double.NaN;
    if (!own.containsKey(Part.ALPHA)) {
      alpha = settings == null ? down.shape().dim(0) : settingsAlpha(settings, target, down);
    }
    return new LoraModule(down, up, alpha, rankStabilized, magnitude);
  }

  /** Without a word on alpha the product is not scaled, as in diffusers. */
  private static double settingsAlpha(PeftSettings settings, LoraTarget target, Tensor down) {
    return settings.alpha(target).orElse(down.shape().dim(0));
  }

  private Tensor matrix(Map<Part, String> own, Part part) {
    String name = own.get(part);
    checkArgument(name != null, "there is no %s matrix, only %s", part, own.values());
    return tensor(name);
  }

  private Tensor tensor(@Nullable String name) {
    Tensor tensor = file.tensor(String.valueOf(name));
    checkArgument(
        tensor.dtype().isFloating(), "tensor %s is %s, not floating", name, tensor.dtype());
    for (float value : tensor.floats()) {
      checkArgument(Float.isFinite(value), "tensor %s holds a %s", name, value);
    }
    return tensor;
  }

  private double alpha(@Nullable String name) {
    Tensor alpha = file.tensor(String.valueOf(name));
    checkArgument(alpha.elements() == 1, "%s is %s, not one number", name, alpha.shape());
    return alpha.doubles()[0];
  }

  /** As a vector; trainers keep it in one of several shapes of as many rows as the weight. */
  private static Tensor magnitude(Tensor stored, Shape up) {
    Shape shape = stored.shape();
    long out = up.dim(0);
    boolean rows =
        shape.elements() == out
            && (shape.rank() == 1
                || shape.dim(0) == out
                || (shape.rank() == 4 && shape.dim(1) == out));
    checkArgument(
        rows,
        "the DoRA magnitude %s has not one length for each of %s outputs; lengths of columns are not"
            + " supported",
        shape,
        out);
    return stored.reshape(Shape.of(out));
  }
}
