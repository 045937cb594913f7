package dev.palimpsest.examples.conformance;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.image.Resampling;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.AutoencoderKLConfig;
import dev.palimpsest.model.LatentDistribution;
import dev.palimpsest.model.Tiling;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;

/** Area {@code vae}: autoencoders, tiles, and pictures on their way in and out. */
final class VaeCases {
  private VaeCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("vae", VaeCases::plain);
    kinds.put("vae_tiled", VaeCases::tiled);
    kinds.put("vae_image", VaeCases::image);
    kinds.put("image_resize", VaeCases::resize);
  }

  /** Both halves of an autoencoder. */
  private record Halves(AutoencoderKLConfig config, Session encoder, Session decoder)
      implements AutoCloseable {
    static Halves open(ConformanceCase c) throws IOException {
      Component vae = Checkpoint.readComponent(c.model());
      return new Halves(
          AutoencoderKLConfig.of(vae.config()),
          Session.open(AutoencoderKL.encoderGraph(vae.config()), vae.weights()::get, Device.cpu()),
          Session.open(AutoencoderKL.decoderGraph(vae.config()), vae.weights()::get, Device.cpu()));
    }

    Tensor encode(Tensor picture) {
      return only(encoder.run(Map.of(AutoencoderKL.SAMPLE, picture)));
    }

    Tensor decode(Tensor latents) {
      return only(decoder.run(Map.of(AutoencoderKL.LATENT_SAMPLE, latents)));
    }

    private static Tensor only(Map<String, Tensor> outputs) {
      return outputs.values().iterator().next();
    }

    @Override
    public void close() {
      encoder.close();
      decoder.close();
    }
  }

  private static void plain(ConformanceCase c) throws IOException {
    try (Halves vae = Halves.open(c)) {
      Tensor moments = vae.encode(c.input("image"));
      LatentDistribution latents = LatentDistribution.of(moments);
      c.put("moments", moments);
      c.put("mean", latents.mean());
      c.put("logvar", latents.logVariance());
      c.put("std", latents.std());
      c.put("sampled", latents.sample(c.input("posterior_noise")));
      c.put("decoded", vae.decode(c.input("latents")));
      c.put("decode_scaled", vae.decode(vae.config().unscale(c.input("latents"))));
      c.put("reconstruction_from_mean", vae.decode(latents.mode()));
    }
  }

  private static void tiled(ConformanceCase c) throws IOException {
    try (Halves vae = Halves.open(c)) {
      var tiling =
          new Tiling(
              c.field("tile_sample_min_size").asInt(),
              c.field("tile_latent_min_size").asInt(),
              c.field("tile_overlap_factor").asDouble());
      c.put("decoded_tiled", tiling.decode(c.input("latents"), vae::decode));
      c.put("decoded_plain", vae.decode(c.input("latents")));
      c.put("moments_tiled", tiling.encode(c.input("image"), vae::encode));
    }
  }

  private static void image(ConformanceCase c) throws IOException {
    try (Halves vae = Halves.open(c)) {
      BufferedImage picture = Pictures.read(c.inArea(c.field("png_in").asText()));
      Tensor in = Pictures.toTensor(Pictures.fit(picture, vae.config().downscale()));
      Tensor mean = LatentDistribution.of(vae.encode(in)).mode();
      Tensor out = Pictures.toUnit(vae.decode(mean));
      BufferedImage result = Pictures.fromUnit(out).get(0);
      c.put("preprocessed", in);
      c.put("mean", mean);
      Tensor rows = heightWidthChannels(out);
      c.put("float_image_hwc", rows.reshape(Shape.of(out.shape().dim(2), out.shape().dim(3), 3)));
      c.put("uint8_image_hwc", bytes(result));
      for (String name : c.pngOut()) {
        PngFile.write(c.picture(name), result, PngMetadata.none());
      }
    }
  }

  private static void resize(ConformanceCase c) throws IOException {
    BufferedImage picture = Pictures.read(c.inArea(c.field("png_in").asText()));
    BufferedImage resized =
        Resampling.LANCZOS.resize(picture, c.field("width").asInt(), c.field("height").asInt());
    c.put("preprocessed", Pictures.toTensor(resized));
  }

  /** [pictures, 3, height, width] as [pictures, height, width, 3]. */
  static Tensor heightWidthChannels(Tensor pictures) {
    Shape shape = pictures.shape();
    int plane = (int) (shape.dim(2) * shape.dim(3));
    int channels = (int) shape.dim(1);
    float[] in = pictures.floats();
    float[] out = new float[in.length];
    for (int i = 0; i < in.length; i++) {
      int picture = i / (plane * channels);
      int channel = i / plane % channels;
      out[(picture * plane + i % plane) * channels + channel] = in[i];
    }
    return Tensor.of(Shape.of(shape.dim(0), shape.dim(2), shape.dim(3), channels), out);
  }

  private static Tensor bytes(BufferedImage image) {
    int count = image.getWidth() * image.getHeight();
    ByteBuffer bytes = ByteBuffer.allocateDirect(3 * count);
    for (int i = 0; i < count; i++) {
      int pixel = image.getRGB(i % image.getWidth(), i / image.getWidth());
      bytes.put((byte) (pixel >> 16)).put((byte) (pixel >> 8)).put((byte) pixel);
    }
    return Tensor.wrap(DType.UINT8, Shape.of(image.getHeight(), image.getWidth(), 3), bytes.flip());
  }
}
