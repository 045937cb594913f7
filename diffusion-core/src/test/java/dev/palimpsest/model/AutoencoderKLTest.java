package dev.palimpsest.model;

import static dev.palimpsest.model.GoldenNetworks.check;
import static dev.palimpsest.model.GoldenNetworks.input;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AutoencoderKLTest {
  private static final GoldenArrays GOLDEN = GoldenNetworks.area("vae");

  @Test
  void givesWhatDiffusersGives() {
    int cases = 0;
    for (JsonNode golden : GOLDEN.cases("vae")) {
      checkCase(golden);
      cases++;
    }
    assertEquals(6, cases);
  }

  private static void checkCase(JsonNode golden) {
    Component vae = GoldenNetworks.component(golden);
    var config = AutoencoderKLConfig.of(vae.config());
    assertEquals(golden.get("vae_scale_factor").asInt(), config.downscale());
    Tensor moments =
        GoldenNetworks.run(
            AutoencoderKL.encoderGraph(vae.config()),
            vae.weights(),
            input(GOLDEN, golden, "image"));
    var posterior = LatentDistribution.of(moments);
    check(GOLDEN, golden, "moments", moments);
    check(GOLDEN, golden, "mean", posterior.mode());
    check(GOLDEN, golden, "logvar", posterior.logVariance());
    check(GOLDEN, golden, "std", posterior.std());
    Tensor noise = input(GOLDEN, golden, "posterior_noise");
    check(GOLDEN, golden, "sampled", posterior.sample(noise));
    Tensor latents = input(GOLDEN, golden, "latents");
    try (Session decoder =
        GoldenNetworks.open(AutoencoderKL.decoderGraph(vae.config()), vae.weights())) {
      check(GOLDEN, golden, "decoded", GoldenNetworks.run(decoder, latents));
      check(GOLDEN, golden, "decode_scaled", GoldenNetworks.run(decoder, config.unscale(latents)));
      check(
          GOLDEN,
          golden,
          "reconstruction_from_mean",
          GoldenNetworks.run(decoder, posterior.mode()));
    }
    assertEquals(8, golden.get("expected").size());
  }

  @Test
  void tilesAsDiffusersDoes() {
    int cases = 0;
    for (JsonNode golden : GOLDEN.cases("vae_tiled")) {
      checkTiled(golden);
      cases++;
    }
    assertEquals(2, cases);
  }

  private static void checkTiled(JsonNode golden) {
    Component vae = GoldenNetworks.component(golden);
    var tiling = Tiling.of(AutoencoderKLConfig.of(vae.config()));
    assertEquals(
        new Tiling(
            golden.get("tile_sample_min_size").asInt(),
            golden.get("tile_latent_min_size").asInt(),
            golden.get("tile_overlap_factor").asDouble()),
        tiling);
    Graph encoding = AutoencoderKL.encoderGraph(vae.config());
    Graph decoding = AutoencoderKL.decoderGraph(vae.config());
    Tensor latents = input(GOLDEN, golden, "latents");
    try (Session encoder = GoldenNetworks.open(encoding, vae.weights());
        Session decoder = GoldenNetworks.open(decoding, vae.weights())) {
      Tensor decoded = tiling.decode(latents, tile -> GoldenNetworks.run(decoder, tile));
      check(GOLDEN, golden, "decoded_tiled", decoded);
      check(GOLDEN, golden, "decoded_plain", GoldenNetworks.run(decoder, latents));
      Tensor image = input(GOLDEN, golden, "image");
      Tensor moments = tiling.encode(image, tile -> GoldenNetworks.run(encoder, tile));
      check(GOLDEN, golden, "moments_tiled", moments);
    }
    assertEquals(3, golden.get("expected").size());
  }

  @Test
  @SuppressWarnings("unchecked") // a JSON object
  void honoursEveryField() {
    GoldenArrays arrays = GoldenNetworks.area("vae_variants");
    int cases = 0;
    for (JsonNode golden : arrays.cases("vae_variant")) {
      Config config = Config.of(new ObjectMapper().convertValue(golden.get("config"), Map.class));
      Graph encoder = AutoencoderKL.encoderGraph(config);
      Graph decoder = AutoencoderKL.decoderGraph(config);
      var tensors = new HashMap<String, Tensor>();
      String prefix = golden.get("id").asText() + "/w/";
      GoldenNetworks.parameters(encoder, decoder)
          .keySet()
          .forEach(name -> tensors.put(name, arrays.array(prefix + name)));
      Weights weights = Weights.of(tensors);
      Tensor image = input(arrays, golden, "image");
      Tensor latents = input(arrays, golden, "latents");
      check(arrays, golden, "moments", GoldenNetworks.run(encoder, weights, image));
      check(arrays, golden, "decoded", GoldenNetworks.run(decoder, weights, latents));
      check(arrays, golden, "unscaled", AutoencoderKLConfig.of(config).unscale(latents));
      cases++;
    }
    assertEquals(3, cases);
  }

  @Test
  void scaleUndoesUnscale() {
    var config =
        AutoencoderKLConfig.of(
            config(
                Map.of(
                    "latent_channels",
                    2,
                    "shift_factor",
                    0.5,
                    "latents_mean",
                    List.of(1, 2),
                    "latents_std",
                    List.of(2, 4))));
    Tensor latents = Tensor.of(Shape.of(1, 2, 1, 2), 1f, -2, 3, 0.5f);
    float[] back = config.scale(config.unscale(latents)).floats();
    for (int i = 0; i < back.length; i++) {
      assertEquals(latents.floats()[i], back[i], 1e-5f);
    }
  }

  @Test
  void needsTheWeightsOfTheFiles() throws CheckpointException {
    for (JsonNode golden : GOLDEN.cases("vae")) {
      Component vae = GoldenNetworks.component(golden);
      GoldenNetworks.checkParameters(
          vae.weights(),
          AutoencoderKL.encoderGraph(vae.config()),
          AutoencoderKL.decoderGraph(vae.config()));
    }
  }

  @Test
  void hasTheParametersOfThePublishedOne() {
    Config config =
        Config.of(
            Map.of(
                "_class_name",
                "AutoencoderKL",
                "block_out_channels",
                List.of(128, 256, 512, 512),
                "down_block_types",
                Collections.nCopies(4, "DownEncoderBlock2D"),
                "up_block_types",
                Collections.nCopies(4, "UpDecoderBlock2D"),
                "layers_per_block",
                2));
    Map<String, Shape> published = GoldenNetworks.published("vae");
    assertEquals(248, published.size());
    assertEquals(
        published,
        GoldenNetworks.parameters(
            AutoencoderKL.encoderGraph(config), AutoencoderKL.decoderGraph(config)));
  }

  @Test
  void defaultsAreThoseOfDiffusers() {
    assertEquals(
        new AutoencoderKLConfig(
            3,
            3,
            List.of(64),
            1,
            "silu",
            4,
            32,
            32,
            0.18215,
            0,
            List.of(0., 0., 0., 0.),
            List.of(1., 1., 1., 1.),
            true,
            true,
            true,
            true),
        AutoencoderKLConfig.of(Config.of(Map.of())));
  }

  @Test
  void refusesUnknownBlocks() {
    assertNames(
        UnsupportedModelException.class,
        Map.of("down_block_types", List.of("AttnDownEncoderBlock2D")),
        "down_block_types",
        "AttnDownEncoderBlock2D");
    assertNames(
        UnsupportedModelException.class,
        Map.of("up_block_types", List.of("UpBlock2D")),
        "up_block_types",
        "UpBlock2D");
  }

  @Test
  void refusesUnknownActivations() {
    assertNames(
        UnsupportedModelException.class, Map.of("act_fn", "snake"), "act_fn", "snake", "silu");
  }

  @Test
  void refusesUnknownFields() {
    assertNames(
        UnsupportedModelException.class, Map.of("decoder_block_types", 3), "decoder_block_types");
  }

  @Test
  void refusesBlocksThatDoNotMatchTheirWidths() {
    assertNames(IllegalArgumentException.class, Map.of("block_out_channels", List.of(32, 64)), "2");
    assertNames(
        IllegalArgumentException.class, Map.of("block_out_channels", List.of()), "is empty");
    assertNames(
        IllegalArgumentException.class,
        Map.of("block_out_channels", List.of(48)),
        "[48]",
        "norm_num_groups = 32");
  }

  @Test
  void refusesImpossibleNumbers() {
    assertNames(IllegalArgumentException.class, Map.of("latent_channels", -1), "-1");
    assertNames(IllegalArgumentException.class, Map.of("scaling_factor", 0), "scaling_factor");
    assertNames(IllegalArgumentException.class, Map.of("sample_size", 0), "sample_size", "0");
    assertNames(
        IllegalArgumentException.class,
        Map.of("latents_mean", List.of(1, 2), "latents_std", List.of(1, 2)),
        "latents_mean");
    assertNames(
        IllegalArgumentException.class, Map.of("latents_mean", List.of(1, 2, 3, 4)), "latents_std");
    assertNames(
        IllegalArgumentException.class, Map.of("force_upcast", "yes"), "force_upcast", "yes");
  }

  @Test
  void refusesLatentsOfOtherChannels() {
    var config = AutoencoderKLConfig.of(Config.of(Map.of()));
    Tensor latents = Tensor.zeros(Shape.of(1, 3, 2, 2));
    assertThrows(IllegalArgumentException.class, () -> config.scale(latents));
  }

  private static Config config(Map<String, Object> fields) {
    return Config.of(fields);
  }

  private static void assertNames(
      Class<? extends RuntimeException> type, Map<String, Object> fields, String... parts) {
    var e = assertThrows(type, () -> AutoencoderKL.decoderGraph(Config.of(fields)));
    for (String part : parts) {
      assertTrue(String.valueOf(e.getMessage()).contains(part), e.getMessage());
    }
  }
}
