package dev.palimpsest;

import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** A generated picture. Immutable and thread-safe; it needs no pipeline any more. */
public final class GeneratedImage {
  private final Tensor pixels;
  private final OptionalLong seed;
  private final Supplier<Provenance> provenance;

  GeneratedImage(Tensor pixels, OptionalLong seed, Supplier<Provenance> provenance) {
    this.pixels = pixels;
    this.seed = seed;
    this.provenance = provenance;
  }

  /** The picture before rounding: float32 [1, 3, height, width], 0..1. */
  public Tensor pixels() {
    return pixels;
  }

  public int width() {
    return (int) pixels.shape().dim(3);
  }

  public int height() {
    return (int) pixels.shape().dim(2);
  }

  /** The seed that made it; empty if the noise was the caller's. */
  public OptionalLong seed() {
    return seed;
  }

  /** A new picture of {@link BufferedImage#TYPE_INT_RGB}. */
  public BufferedImage toBufferedImage() {
    return Pictures.fromUnit(pixels).get(0);
  }

  /**
   * How it was made, as {@link #save} writes it: the {@code parameters} text of A1111-style tools,
   * a JSON record, and the IPTC source type of media made by a trained model. Hashing the
   * checkpoint for it reads all weights once a checkpoint.
   */
  public PngMetadata metadata() {
    Provenance made = provenance.get();
    return PngMetadata.generated().withParameters(made.parameters()).withJson(made.json());
  }

  /**
   * Writes a PNG that says how it was made, prompt included; whole or not at all.
   *
   * @throws IOException if it cannot be written; nothing new is left behind
   */
  public void save(Path file) throws IOException {
    PngFile.write(file, toBufferedImage(), metadata());
  }

  /** Writes a PNG that says nothing but that a trained model made it. */
  public void saveWithoutMetadata(Path file) throws IOException {
    PngFile.write(file, toBufferedImage(), PngMetadata.generated());
  }
}
