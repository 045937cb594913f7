package dev.palimpsest.examples;

import dev.palimpsest.checkpoint.CheckpointLayer;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.lora.Lora;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A file with an erasure or a LoRA, and how strongly to apply it.
 *
 * @param strength from 0 to 1 for erasures, any for LoRAs
 */
record LayerFile(Path path, double strength) {

  /** A layer for a checkpoint. */
  CheckpointLayer read(boolean force) throws CheckpointException {
    if (Lora.looksLikeOne(path)) {
      return lora().at(strength);
    }
    Erasure erasure = Erasure.read(path).at(strength);
    return force ? erasure.force() : erasure;
  }

  /** The LoRA alone. */
  Lora lora() throws CheckpointException {
    return Lora.read(path);
  }

  /** Reads {@code FILE} or {@code FILE@STRENGTH}. */
  static final class Converter implements ITypeConverter<LayerFile> {
    @Override
    public LayerFile convert(String text) {
      int at = text.lastIndexOf('@');
      if (at <= 0) {
        return new LayerFile(Path.of(text), 1);
      }
      String number = text.substring(at + 1);
      try {
        return new LayerFile(Path.of(text.substring(0, at)), Double.parseDouble(number));
      } catch (NumberFormatException e) {
        throw new TypeConversionException(
            "'" + number + "' in '" + text + "' is no strength; expected FILE or FILE@STRENGTH");
      }
    }
  }
}
