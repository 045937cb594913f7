package dev.palimpsest.examples;

import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.GenerationResult;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that change or show what a network attends to. */
final class AttentionOptions {
  @Option(
      names = "--reweight",
      paramLabel = "WORDS@F",
      converter = Reweighting.Converter.class,
      description = "Multiply the attention to words of the prompt by F; 0 takes them away.")
  private List<Reweighting> reweightings = new ArrayList<>();

  @Option(
      names = "--perturbed-guidance",
      paramLabel = "SCALE",
      defaultValue = "0",
      description = "Guide away from blurred attention (PAG); 3 is usual, default off.")
  private double perturbedGuidance;

  @Option(
      names = "--heat-map",
      paramLabel = "WORDS",
      description = "Save where words of the prompt act, beside each picture.")
  private List<String> heatMaps = new ArrayList<>();

  /**
   * Words and a factor, as {@code fire engine@1.5}.
   *
   * @param words of the prompt
   */
  record Reweighting(String words, double factor) {
    static final class Converter implements ITypeConverter<Reweighting> {
      @Override
      public Reweighting convert(String text) {
        int at = text.lastIndexOf('@');
        try {
          return new Reweighting(
              text.substring(0, Math.max(0, at)), Double.parseDouble(text.substring(at + 1)));
        } catch (NumberFormatException e) {
          throw new TypeConversionException("must be WORDS@FACTOR, as sunset@1.4, was " + text);
        }
      }
    }
  }

  /** The request with what was asked for. */
  GenerationRequest on(GenerationRequest plain) {
    GenerationRequest request = plain;
    for (Reweighting each : reweightings) {
      request = request.edit(AttentionEdit.reweight(each.words(), each.factor()));
    }
    if (perturbedGuidance != 0) {
      request = request.edit(AttentionEdit.perturbedGuidance(perturbedGuidance));
    }
    return heatMaps.isEmpty() ? request : request.edit(AttentionEdit.capture());
  }

  /**
   * Saves the heat maps of a picture.
   *
   * @param place of the picture in its batch
   * @param file of the picture
   * @return the files
   */
  List<Path> save(GenerationResult result, int place, GeneratedImage picture, Path file)
      throws IOException {
    var files = new ArrayList<Path>();
    for (String words : heatMaps) {
      AttentionMaps maps = result.attention().get(0);
      String name = String.valueOf(file.getFileName()).replaceFirst("\\.[^.]*$", "");
      Path beside = file.resolveSibling(name + "-" + words.replaceAll("\\W+", "-") + ".png");
      PngFile.write(
          beside, maps.overlay(words, place, picture.toBufferedImage()), PngMetadata.generated());
      files.add(beside);
    }
    return files;
  }
}
