package dev.palimpsest.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Turns a plain diffusers folder into what hubs publish: the same file names, older tensor names,
 * buffers, variants, pickles and other runtimes' files beside the weights.
 */
public final class PublishedFolders {
  private static final byte[] FOREIGN = "not for this library".getBytes(UTF_8);
  private static final List<String> NETWORKS =
      List.of("unet", "vae", "text_encoder", "text_encoder_2");

  private PublishedFolders() {}

  /** As stable-diffusion-v1-5 is published; {@code plain} is an SD 1 folder. */
  public static Path sd15(Path plain, Path out) throws IOException {
    copy(plain, out);
    rewrite(out.resolve("vae/diffusion_pytorch_model.safetensors"), PublishedFolders::oldName);
    positions(out.resolve("text_encoder/model.safetensors"));
    variants(out, "fp16");
    Path unet = out.resolve("unet/diffusion_pytorch_model.safetensors");
    Files.copy(unet, out.resolve("unet/diffusion_pytorch_model.non_ema.safetensors"));
    pickles(out);
    foreign(out, "unet/diffusion_pytorch_model.non_ema.bin");
    foreign(out, "v1-5-pruned.ckpt", "v1-5-pruned-emaonly.safetensors", "v1-inference.yaml");
    foreign(out, "safety_checker/pytorch_model.bin", "safety_checker/model.safetensors");
    foreign(out, "safety_checker/model.fp16.safetensors", "README.md", ".gitattributes");
    text(out, "safety_checker/config.json", "{\"_class_name\":\"StableDiffusionSafetyChecker\"}");
    text(out, "feature_extractor/preprocessor_config.json", "{\"crop_size\":224}");
    Map<String, Object> index = index(out);
    index.put("_diffusers_version", "0.6.0");
    index.put("feature_extractor", List.of("transformers", "CLIPImageProcessor"));
    index.put("safety_checker", List.of("stable_diffusion", "StableDiffusionSafetyChecker"));
    index.remove("requires_safety_checker");
    index.remove("image_encoder");
    index(out, index);
    return out;
  }

  /** As stable-diffusion-2-1 is published; {@code plain} is an SD 2 folder. */
  public static Path sd21(Path plain, Path out) throws IOException {
    copy(plain, out);
    rewrite(out.resolve("vae/diffusion_pytorch_model.safetensors"), PublishedFolders::oldName);
    positions(out.resolve("text_encoder/model.safetensors"));
    variants(out, "fp16");
    pickles(out);
    foreign(out, "v2-1_768-ema-pruned.ckpt", "v2-1_768-nonema-pruned.safetensors");
    text(out, "feature_extractor/preprocessor_config.json", "{\"crop_size\":224}");
    Map<String, Object> index = index(out);
    index.put("_diffusers_version", "0.8.0");
    index.put("feature_extractor", List.of("transformers", "CLIPImageProcessor"));
    index.put("requires_safety_checker", false);
    index.put("safety_checker", java.util.Arrays.asList(null, null));
    index(out, index);
    return out;
  }

  /** As stable-diffusion-xl-base-1.0 is published; {@code plain} is an SDXL folder. */
  public static Path sdxl(Path plain, Path out) throws IOException {
    copy(plain, out);
    positions(out.resolve("text_encoder/model.safetensors"));
    positions(out.resolve("text_encoder_2/model.safetensors"));
    variants(out, "fp16");
    for (String name : NETWORKS) {
      foreign(out, name + "/openvino_model.xml", name + "/openvino_model.bin");
      foreign(out, name + "/model.onnx", name + "/model.onnx_data", name + "/flax_model.msgpack");
    }
    for (String name : List.of("vae_decoder", "vae_encoder")) {
      foreign(out, name + "/model.onnx", name + "/openvino_model.xml");
      text(out, name + "/config.json", "{}");
    }
    foreign(out, "vae_1_0/diffusion_pytorch_model.safetensors", "vae_1_0/config.json");
    foreign(out, "sd_xl_base_1.0.safetensors", "01.png", "LICENSE.md");
    Map<String, Object> index = index(out);
    index.put("_diffusers_version", "0.19.0.dev0");
    index.put("force_zeros_for_empty_prompt", true);
    index.remove("image_encoder");
    index.remove("feature_extractor");
    index(out, index);
    return out;
  }

  private static String oldName(String name) {
    return name.replaceFirst("(attentions\\.\\d+)\\.to_q", "$1.query")
        .replaceFirst("(attentions\\.\\d+)\\.to_k", "$1.key")
        .replaceFirst("(attentions\\.\\d+)\\.to_v", "$1.value")
        .replaceFirst("(attentions\\.\\d+)\\.to_out\\.0", "$1.proj_attn");
  }

  private static Map<String, Tensor> tensors(Path file) throws IOException {
    Safetensors source = Safetensors.read(file);
    Map<String, Tensor> tensors = new TreeMap<>();
    source.names().forEach(name -> tensors.put(name, source.tensor(name)));
    return tensors;
  }

  private static void rewrite(Path file, UnaryOperator<String> rename) throws IOException {
    Map<String, Tensor> renamed = new TreeMap<>();
    tensors(file).forEach((name, tensor) -> renamed.put(rename.apply(name), tensor));
    Safetensors.write(file, renamed, Map.of("format", "pt"));
  }

  private static void positions(Path file) throws IOException {
    Map<String, Tensor> tensors = tensors(file);
    long[] positions = java.util.stream.LongStream.range(0, 77).toArray();
    tensors.put("text_model.embeddings.position_ids", Tensor.of(Shape.of(1, 77), positions));
    Safetensors.write(file, tensors, Map.of("format", "pt"));
  }

  private static void variants(Path out, String variant) throws IOException {
    for (Path file : weights(out)) {
      Map<String, Tensor> halves = new TreeMap<>();
      tensors(file)
          .forEach(
              (name, tensor) ->
                  halves.put(
                      name, tensor.dtype().isFloating() ? tensor.as(DType.FLOAT16) : tensor));
      String name = file.getFileName().toString().replace(".safetensors", "");
      Safetensors.write(
          file.resolveSibling(name + "." + variant + ".safetensors"), halves, Map.of());
    }
  }

  private static void pickles(Path out) throws IOException {
    for (Path file : weights(out)) {
      String name = file.getFileName().toString().replace(".safetensors", "");
      name = name.equals("model") ? "pytorch_model" : name;
      Files.write(file.resolveSibling(name + ".bin"), FOREIGN);
      Files.write(file.resolveSibling(name + ".fp16.bin"), FOREIGN);
    }
  }

  /** The plain weights of the folder's networks. */
  private static List<Path> weights(Path out) throws IOException {
    List<Path> weights = new ArrayList<>();
    for (String network : NETWORKS) {
      for (String name : List.of("model", "diffusion_pytorch_model")) {
        Path file = out.resolve(network).resolve(name + ".safetensors");
        if (Files.exists(file)) {
          weights.add(file);
        }
      }
    }
    return weights;
  }

  private static void foreign(Path out, String... names) throws IOException {
    for (String name : names) {
      Files.createDirectories(out.resolve(name).getParent());
      Files.write(out.resolve(name), FOREIGN);
    }
  }

  private static void text(Path out, String name, String text) throws IOException {
    Files.createDirectories(out.resolve(name).getParent());
    Files.writeString(out.resolve(name), text);
  }

  static Map<String, Object> index(Path dir) throws IOException {
    return new LinkedHashMap<>(Json.readObject(dir.resolve(Checkpoint.INDEX)));
  }

  static void index(Path dir, Map<String, Object> index) throws IOException {
    Files.write(dir.resolve(Checkpoint.INDEX), Json.write(index));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }
}
