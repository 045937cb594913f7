package dev.palimpsest.examples.fashion;

import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): grey pictures of clothes, 60,000 to train on and
 * 10,000 to test with, 28×28. Other sets in the same four files, of any size, are read as well.
 */
public record FashionMnist(LabelledPictures train, LabelledPictures test) {
  /** Where the Debian package {@code dataset-fashion-mnist} puts them. */
  public static final String DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist";

  /** The classes' names, by label. */
  public static final List<String> CLASSES =
      List.of(
          "T-shirt",
          "trouser",
          "pullover",
          "dress",
          "coat",
          "sandal",
          "shirt",
          "sneaker",
          "bag",
          "boot");

  /**
   * Reads the four files, gzipped or not.
   *
   * @throws NoSuchFileException naming what is missing and where to get it
   * @throws IdxException if a file is not what it should be, or they do not fit each other
   */
  public static FashionMnist read(Path folder) throws IOException {
    LabelledPictures train = part(folder, "train");
    LabelledPictures test = part(folder, "t10k");
    if (train.height() != test.height() || train.width() != test.width()) {
      throw new IdxException(
          folder,
          String.format(
              "pictures to train on are %d×%d, to test with %d×%d",
              train.width(), train.height(), test.width(), test.height()));
    }
    return new FashionMnist(train, test);
  }

  private static LabelledPictures part(Path folder, String name) throws IOException {
    Tensor pictures = IdxFile.read(find(folder, name + "-images-idx3-ubyte"), 3);
    Path labelFile = find(folder, name + "-labels-idx1-ubyte");
    Tensor labels = IdxFile.read(labelFile, 1);
    if (labels.elements() != pictures.shape().dim(0)) {
      throw new IdxException(
          labelFile, labels.elements() + " labels for " + pictures.shape().dim(0) + " pictures");
    }
    var bytes = labels.bytes();
    for (int i = 0; i < labels.elements(); i++) {
      int label = bytes.get(i) & 0xff;
      if (label >= CLASSES.size()) {
        throw new IdxException(labelFile, "label " + i + " is " + label + ", not in 0..9");
      }
    }
    return new LabelledPictures(pictures, labels);
  }

  private static Path find(Path folder, String name) throws IOException {
    for (String suffix : List.of("", ".gz")) {
      Path file = folder.resolve(name + suffix);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    throw new NoSuchFileException(
        folder.resolve(name)
            + " or .gz; install the Debian package dataset-fashion-mnist, or pass a folder with the"
            + " four files of https://github.com/zalandoresearch/fashion-mnist");
  }
}
