package dev.palimpsest.lora;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.lora.ImageFolder.Picture;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.LatentDistribution;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Views of pictures as an autoencoder sees them, kept in a folder: one file a view, named by the
 * hash of the picture's bytes, the autoencoder's weights, and the view. So a changed picture is
 * encoded anew, and folders may be shared by trainings.
 */
final class LatentCache {
  private static final Logger LOG = LoggerFactory.getLogger(LatentCache.class);
  private static final String MOMENTS = "moments";
  private static final String DIGEST = "digest";

  private final Path folder;
  private final Component vae;
  private final AutoencoderKLConfig config;
  private final String vaeHash;
  private final Device device;

  LatentCache(Path folder, Component vae, Device device) {
    this.folder = folder;
    this.vae = vae;
    this.config = AutoencoderKLConfig.of(vae.config());
    this.vaeHash =
        Checkpoint.of(Config.of(Map.of("_class_name", vae.className())), List.of(vae)).hash();
    this.device = device;
  }

  /** SHA-256 of a file. */
  static String hash(Path file) throws IOException {
    return MoreFiles.asByteSource(file).hash(Hashing.sha256()).toString();
  }

  /** Where a view is kept. */
  Path file(String pictureHash, Bucket bucket, Crops.View view) {
    String key = String.join("\n", pictureHash, vaeHash, bucket.toString(), view.toString());
    return folder.resolve(Hashing.sha256().hashString(key, UTF_8) + ".safetensors");
  }

  /**
   * A view to be kept.
   *
   * @param file where
   */
  record Entry(Picture picture, Bucket bucket, Crops.View view, Path file) {}

  /**
   * Encodes the views of one picture that are not there or damaged.
   *
   * @param encoder opened at need; stays open
   * @throws CheckpointException if the picture cannot be read
   */
  void fill(List<Entry> views, long maxPixels, Encoder encoder) throws IOException {
    BufferedImage picture = null;
    for (Entry entry : views) {
      if (!isThere(entry.file)) {
        if (picture == null) {
          picture = Pictures.readOverWhite(entry.picture.file(), maxPixels);
        }
        Tensor moments = encoder.moments(entry.view.of(picture, entry.bucket));
        Files.createDirectories(folder);
        Safetensors.write(entry.file, Map.of(MOMENTS, moments), Map.of(DIGEST, digest(moments)));
      }
    }
  }

  private static boolean isThere(Path file) {
    if (!Files.exists(file)) {
      return false;
    }
    try {
      Safetensors stored = Safetensors.read(file);
      if (stored.names().contains(MOMENTS)
          && digest(stored.tensor(MOMENTS)).equals(stored.metadata().get(DIGEST))) {
        return true;
      }
    } catch (CheckpointException e) {
      LOG.debug("{} cannot be read", file, e);
    }
    LOG.warn("{} is damaged; the picture is encoded anew", file);
    return false;
  }

  private static String digest(Tensor moments) {
    Hasher hasher = Hashing.sha256().newHasher();
    for (float value : moments.floats()) {
      hasher.putFloat(value);
    }
    return hasher.hash().toString();
  }

  /** The distribution of a view's latents, [1, channels, height, width]. */
  LatentDistribution read(Path file) {
    try {
      return LatentDistribution.of(Safetensors.read(file).tensor(MOMENTS));
    } catch (CheckpointException e) {
      throw new IllegalStateException(file + ": the cached latents are gone", e);
    }
  }

  /** What the encoder gives, as the denoiser takes it. */
  Tensor scale(Tensor latents) {
    return config.scale(latents);
  }

  Encoder encoder() {
    return new Encoder();
  }

  /** The encoder, whose session opens with the first picture. */
  final class Encoder implements AutoCloseable {
    private @Nullable Session session;

    Tensor moments(BufferedImage picture) {
      Session open = session;
      if (open == null) {
        open = Session.open(AutoencoderKL.encoderGraph(vae.config()), vae.weights()::get, device);
        session = open;
      }
      Map<String, Tensor> inputs = Map.of(AutoencoderKL.SAMPLE, Pictures.toTensor(picture));
      return requireNonNull(open.run(inputs).get(AutoencoderKL.LATENT_PARAMETERS));
    }

    @Override
    public void close() {
      if (session != null) {
        session.close();
      }
    }
  }
}
