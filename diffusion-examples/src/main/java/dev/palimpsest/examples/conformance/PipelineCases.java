package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.Conditioning;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.EncodedPrompts;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.GenerationStep;
import dev.palimpsest.SizeConditioning;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.scheduler.Ddim;
import dev.palimpsest.scheduler.Evaluation;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Area {@code pipelines}: whole generations, state by state. */
final class PipelineCases {
  private PipelineCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    for (String kind :
        List.of("sd_txt2img", "sd_img2img", "sd_inpaint", "sdxl_txt2img", "sdxl_img2img")) {
      kinds.put(kind, PipelineCases::prompted);
    }
    kinds.put("sdxl_inpaint", PipelineCases::prompted);
    kinds.put("ddpm_pipeline", PipelineCases::unconditional);
    kinds.put("ddim_pipeline", PipelineCases::unconditional);
    kinds.put("sd_encode_prompt", PipelineCases::encodePrompt);
    kinds.put("sdxl_encode_prompt", PipelineCases::encodePrompt);
  }

  private static DiffusionPipeline open(ConformanceCase c) throws IOException {
    return builder(c).open();
  }

  /** The case's model with the case's scheduler. */
  static DiffusionPipeline.Builder builder(ConformanceCase c) throws IOException {
    var builder = DiffusionPipeline.builder(Checkpoint.read(c.model())).withoutSafetyChecker();
    if (c.field("scheduler").isObject()) {
      builder.scheduler(scheduler(c));
    }
    return builder;
  }

  private static SchedulerConfig scheduler(ConformanceCase c) {
    SchedulerConfig config = Schedulers.fromConfig(c.object("scheduler"));
    if (!(config.scheduler() instanceof Ddim)) {
      return config;
    }
    JsonNode call = c.field("call");
    Ddim ddim = ((Ddim) config.scheduler()).eta(call.path("eta").asDouble(0));
    return config.with(
        call.path("use_clipped_model_output").asBoolean(false)
            ? ddim.useClippedModelOutput(true)
            : ddim);
  }

  private static void prompted(ConformanceCase c) throws IOException {
    JsonNode call = c.field("call");
    int prompts = call.path("prompt").isArray() ? call.path("prompt").size() : 1;
    int images = call.path("num_images_per_prompt").asInt(1);
    List<List<Tensor>> states = new ArrayList<>();
    List<GeneratedImage> pictures = new ArrayList<>();
    try (DiffusionPipeline pipeline = open(c)) {
      for (int prompt = 0; prompt < prompts; prompt++) {
        var own = new ArrayList<Tensor>();
        GenerationRequest request = request(c, call, prompt, images);
        pictures.addAll(pipeline.generate(request, step -> own.addAll(states(step))).images());
        states.add(own);
      }
    }
    c.putStack("step_latents", joinRows(states));
    putPictures(c, pictures);
  }

  /** The states after each network evaluation of a step: what the next one was called with. */
  private static List<Tensor> states(GenerationStep step) {
    var states = new ArrayList<Tensor>();
    List<Evaluation> evaluations = step.result().evaluations();
    for (int i = 1; i < evaluations.size(); i++) {
      states.add(evaluations.get(i).x());
    }
    states.add(step.latents());
    return states;
  }

  private static List<Tensor> joinRows(List<List<Tensor>> prompts) {
    var joined = new ArrayList<Tensor>();
    for (int i = 0; i < prompts.get(0).size(); i++) {
      var rows = new ArrayList<Tensor>();
      for (List<Tensor> states : prompts) {
        rows.add(states.get(i));
      }
      joined.add(Tensor.concat(rows));
    }
    return joined;
  }

  private static void putPictures(ConformanceCase c, List<GeneratedImage> pictures)
      throws IOException {
    var rows = new ArrayList<Tensor>();
    pictures.forEach(picture -> rows.add(picture.pixels()));
    c.put("image_hwc", VaeCases.heightWidthChannels(Tensor.concat(rows)));
    List<String> names = c.pngOut();
    for (int i = 0; i < names.size(); i++) {
      pictures.get(i).save(c.picture(names.get(i)));
    }
  }

  static GenerationRequest request(ConformanceCase c, JsonNode call, int prompt, int images)
      throws IOException {
    int from = prompt * images;
    GenerationRequest request =
        settings(GenerationRequest.of(text(call, "prompt", prompt)), call).images(images);
    if (!text(call, "prompt_2", prompt).isEmpty()) {
      request = request.prompt2(text(call, "prompt_2", prompt));
    }
    if (call.path("negative_prompt").isTextual() || call.path("negative_prompt").isArray()) {
      request = request.negativePrompt(text(call, "negative_prompt", prompt));
    }
    if (!text(call, "negative_prompt_2", prompt).isEmpty()) {
      request = request.negativePrompt2(text(call, "negative_prompt_2", prompt));
    }
    if (c.has("latents")) {
      request = request.latents(c.input("latents").rows(from, from + images));
    }
    if (c.field("png_in").has("image")) {
      request = request.image(Pictures.read(c.inArea(c.field("png_in").get("image").asText())));
    }
    if (c.field("png_in").has("mask")) {
      request = request.mask(Pictures.read(c.inArea(c.field("png_in").get("mask").asText())));
    }
    List<Tensor> draws = c.draws();
    return request.noise(() -> ConformanceCase.replay(draws, from, from + images));
  }

  private static String text(JsonNode call, String name, int index) {
    JsonNode node = call.path(name);
    return node.isArray() ? node.get(index).asText("") : node.isNull() ? "" : node.asText("");
  }

  private static GenerationRequest settings(GenerationRequest plain, JsonNode call) {
    GenerationRequest request = plain.guidanceRescale(call.path("guidance_rescale").asDouble(0));
    if (call.has("num_inference_steps")) {
      request = request.steps(call.get("num_inference_steps").asInt());
    }
    if (call.has("guidance_scale")) {
      request = request.guidanceScale(call.get("guidance_scale").asDouble());
    }
    if (call.has("width") && call.has("height")) {
      request = request.size(call.get("width").asInt(), call.get("height").asInt());
    }
    if (call.has("strength")) {
      request = request.strength(call.get("strength").asDouble());
    }
    if (call.path("clip_skip").isInt()) {
      request = request.clipSkip(call.get("clip_skip").asInt());
    }
    return sizes(request, call);
  }

  private static GenerationRequest sizes(GenerationRequest request, JsonNode call) {
    GenerationRequest sized = request;
    if (call.has("original_size") || call.has("target_size") || call.has("crops_coords_top_left")) {
      sized = sized.sizes(sizes(call, ""));
    }
    if (call.has("negative_original_size") && call.has("negative_target_size")) {
      sized = sized.negativeSizes(sizes(call, "negative_"));
    }
    return sized;
  }

  private static SizeConditioning sizes(JsonNode call, String prefix) {
    int height = call.path("height").asInt();
    int width = call.path("width").asInt();
    JsonNode original = call.path(prefix + "original_size");
    JsonNode target = call.path(prefix + "target_size");
    JsonNode crop = call.path(prefix + "crops_coords_top_left");
    return new SizeConditioning(
        original.path(0).asInt(height),
        original.path(1).asInt(width),
        crop.path(0).asInt(0),
        crop.path(1).asInt(0),
        target.path(0).asInt(height),
        target.path(1).asInt(width));
  }

  private static void unconditional(ConformanceCase c) throws IOException {
    JsonNode call = c.field("call");
    int images = call.path("batch_size").asInt(1);
    List<Tensor> draws = c.draws();
    try (DiffusionPipeline pipeline = open(c)) {
      GenerationRequest request =
          settings(GenerationRequest.unconditional(), call)
              .images(images)
              .noise(() -> ConformanceCase.replay(draws, 0, images));
      putPictures(c, pipeline.generate(request).images());
    }
  }

  private static void encodePrompt(ConformanceCase c) throws IOException {
    try (DiffusionPipeline pipeline = open(c)) {
      EncodedPrompts prompts =
          pipeline.encodePrompt(
              GenerationRequest.of(c.field("prompt").asText())
                  .negativePrompt(c.field("negative_prompt").asText()));
      put(c, "", prompts.positive());
      put(c, "negative_", prompts.negative().orElseThrow());
    }
  }

  private static void put(ConformanceCase c, String prefix, Conditioning prompt) {
    c.put(prefix + "prompt_embeds", prompt.get("encoder_hidden_states").orElseThrow());
    prompt.get("text_embeds").ifPresent(pooled -> c.put(prefix + "pooled_prompt_embeds", pooled));
  }
}
