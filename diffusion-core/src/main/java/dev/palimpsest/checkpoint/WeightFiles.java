package dev.palimpsest.checkpoint;

import dev.palimpsest.errors.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The choice among the weight files of a component's folder as hubs publish them: plain, variants
 * ({@code .fp16.}, {@code .non_ema.}), sharded, with pickles and other runtimes' files beside.
 *
 * @param path a {@code .safetensors} file or its {@code .index.json}
 * @param variant empty for the plain weights
 */
record WeightFiles(Path path, Optional<String> variant) {
  private static final Pattern PICKLE = Pattern.compile(".*\\.(bin|ckpt|pt|pth|pkl)");
  private static final String PLAIN = "";

  /**
   * @param base the file name's start, {@code diffusion_pytorch_model} or {@code model}
   * @param wanted the variant to take where there is one; without it the plain weights, or the only
   *     variant
   */
  static WeightFiles find(Path folder, String base, Optional<String> wanted)
      throws CheckpointException {
    List<String> names = fileNames(folder);
    Map<String, String> variants = variants(names, base);
    if (wanted.isPresent() && variants.containsKey(wanted.get())) {
      return of(folder, variants, wanted.get());
    }
    if (variants.containsKey(PLAIN)) {
      return of(folder, variants, PLAIN);
    }
    if (wanted.isEmpty() && variants.size() == 1) {
      return of(folder, variants, variants.keySet().iterator().next());
    }
    if (!variants.isEmpty()) {
      throw new CheckpointException(
          String.format(
              "%s: no plain weights and %s; choose one of the variants %s",
              folder,
              wanted.map(v -> "no variant " + v).orElse("several variants"),
              variants.keySet()));
    }
    throw new CheckpointException(nothingFound(folder, base, names));
  }

  private static WeightFiles of(Path folder, Map<String, String> variants, String variant) {
    return new WeightFiles(
        folder.resolve(String.valueOf(variants.get(variant))),
        Optional.of(variant).filter(v -> !v.equals(PLAIN)));
  }

  /** Files by variant; an index wins over a single file, as in the reference. */
  private static Map<String, String> variants(List<String> names, String base) {
    String variant = "(?:\\.(\\w+))?";
    Pattern single = Pattern.compile(Pattern.quote(base) + variant + "\\.safetensors");
    Pattern index = Pattern.compile(single.pattern() + "\\.index" + variant + "\\.json");
    Map<String, String> variants = new TreeMap<>();
    for (Pattern pattern : List.of(single, index)) {
      for (String name : names) {
        Matcher matcher = pattern.matcher(name);
        if (matcher.matches()) {
          variants.put(variant(matcher), name);
        }
      }
    }
    return variants;
  }

  private static String variant(Matcher matcher) {
    for (int i = 1; i <= matcher.groupCount(); i++) {
      String group = matcher.group(i);
      if (group != null) {
        return group;
      }
    }
    return PLAIN;
  }

  private static String nothingFound(Path folder, String base, List<String> names) {
    List<String> pickles = names.stream().filter(n -> PICKLE.matcher(n).matches()).toList();
    return pickles.isEmpty()
        ? folder + ": no " + base + ".safetensors; the folder holds " + names
        : pickleMessage(folder, pickles);
  }

  /** Why pickles are refused, and the way out. */
  static String pickleMessage(Path folder, List<String> pickles) {
    return folder
        + ": only pickle weights "
        + pickles
        + "; a pickle can run code when it is loaded, so none is read. Convert once, in Python:"
        + " DiffusionPipeline.from_pretrained(\"DIR\").save_pretrained(\"OUT\","
        + " safe_serialization=True), or for a .ckpt"
        + " StableDiffusionPipeline.from_single_file(\"FILE\") first";
  }

  static boolean isPickle(String name) {
    return PICKLE.matcher(name).matches();
  }

  /** The names of the regular files in {@code folder}, sorted. */
  static List<String> fileNames(Path folder) throws CheckpointException {
    List<String> names = new ArrayList<>();
    try (var files = Files.newDirectoryStream(folder, Files::isRegularFile)) {
      files.forEach(file -> names.add(String.valueOf(file.getFileName())));
    } catch (IOException | java.nio.file.DirectoryIteratorException e) {
      throw new CheckpointException(folder + ": cannot be listed: " + e, e);
    }
    names.sort(null);
    return names;
  }
}
