package dev.palimpsest.lora;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.training.LearningRate;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A training of random pictures on a tiny model, in two resolutions and two shapes. */
final class TinyLoraTraining {
  private TinyLoraTraining() {}

  /** Five captioned pictures, two of them wide. */
  static ImageFolder pictures(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (int i = 0; i < 5; i++) {
      Path file = folder.resolve("picture" + i + ".png");
      PngFile.write(file, picture(i < 2 ? 60 : 24, 24, i), PngMetadata.none());
      Files.writeString(folder.resolve("picture" + i + ".txt"), "red, number " + i);
    }
    return ImageFolder.of(folder);
  }

  static BufferedImage picture(int width, int height, int seed) {
    var picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        picture.setRGB(x, y, 0x0f0a05 * (x + seed) + 0x010410 * y);
      }
    }
    return picture;
  }

  static LoraTrainingBuilder builder(Checkpoint base, ImageFolder pictures) {
    return LoraTraining.builder(base)
        .dataset(pictures)
        .trigger(TriggerWord.of("m5g90").forClass("car"))
        .rank(2)
        .crops(Crops.random(2).zoom(1.5).flips(0.5))
        .batch(2)
        .learningRate(LearningRate.constant(1e-2))
        .device(Device.cpu(1))
        .seed(5);
  }

  /** With all that is random, two sizes and the text encoder. */
  static LoraTrainingBuilder full(Checkpoint base, ImageFolder pictures) {
    return builder(base, pictures)
        .resolutions(16, 32)
        .shuffledCaptions()
        .captionDropout(0.2)
        .dropout(0.25)
        .textEncoder(5e-3)
        .saveEvery(2)
        .steps(10);
  }
}
