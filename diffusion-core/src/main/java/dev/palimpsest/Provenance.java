package dev.palimpsest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.checkpoint.WeightLayer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * How a picture was made.
 *
 * @param model the checkpoint's folder name or class
 * @param modelHash SHA-256 over the checkpoint's tensors, in hexadecimal; empty for a model without
 *     a checkpoint
 * @param layers the weight layers over the checkpoint, lowest first
 * @param adapters beside the networks, with their strengths
 * @param attentionEdits of the request, in their order
 * @param scheduler the solver's name
 * @param seed empty if the noise was the caller's
 * @param strength of image-to-image and inpainting, otherwise NaN
 * @param large what was asked for beyond one pass of one window, by name
 */
record Provenance(
    String model,
    String modelHash,
    List<String> layers,
    List<String> adapters,
    List<String> attentionEdits,
    String scheduler,
    int steps,
    double guidanceScale,
    OptionalLong seed,
    int width,
    int height,
    double strength,
    Optional<String> prompt,
    Optional<String> negativePrompt,
    int clipSkip,
    Map<String, String> large) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Of one of a request's pictures. */
  static Provenance of(ModelParts model, ResolvedRequest request, int image) {
    GenerationRequest asked = request.request();
    return new Provenance(
        model.name(),
        model.checkpoint().hash(),
        model.checkpoint().layers().stream().map(WeightLayer::description).toList(),
        model.adapters().describe(asked),
        Stream.concat(model.edits().stream(), asked.edits().stream())
            .map(AttentionEdit::description)
            .toList(),
        request.scheduler(model).name(),
        request.steps(),
        request.guidanceScale(),
        request.seeds().get(image),
        request.width(),
        request.height(),
        request.strength(),
        asked.prompt(),
        asked.negativePrompt(),
        asked.clipSkip(),
        LargePicture.describe(asked));
  }

  /** The text that A1111-style tools read from a PNG's {@code parameters} chunk. */
  String parameters() {
    var settings = new LinkedHashMap<String, Object>();
    settings.put("Steps", steps);
    settings.put("Sampler", scheduler);
    settings.put("CFG scale", number(guidanceScale));
    seed.ifPresent(value -> settings.put("Seed", value));
    settings.put("Size", width + "x" + height);
    if (!modelHash.isEmpty()) {
      settings.put("Model hash", modelHash.substring(0, 10));
    }
    settings.put("Model", model.replace(',', ' '));
    if (!Double.isNaN(strength)) {
      settings.put("Denoising strength", number(strength));
    }
    if (clipSkip > 0) {
      settings.put("Clip skip", clipSkip + 1); // there, 1 is the last layer
    }
    large.forEach((name, value) -> settings.put(name, value.replace(',', ' ')));
    settings.put("Version", LibraryVersion.text());
    var text = new StringBuilder(prompt.orElse(""));
    negativePrompt.ifPresent(value -> text.append("\nNegative prompt: ").append(value));
    text.append('\n');
    String separator = "";
    for (Map.Entry<String, Object> setting : settings.entrySet()) {
      text.append(separator).append(setting.getKey()).append(": ").append(setting.getValue());
      separator = ", ";
    }
    return text.toString();
  }

  /** This library's own record, a JSON object. */
  String json() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("generator", LibraryVersion.text());
    fields.put("model", model);
    fields.put("model_hash", modelHash);
    fields.put("weight_layers", layers);
    if (!adapters.isEmpty()) {
      fields.put("adapters", adapters);
    }
    if (!attentionEdits.isEmpty()) {
      fields.put("attention_edits", attentionEdits);
    }
    fields.put("scheduler", scheduler);
    fields.put("steps", steps);
    fields.put("guidance_scale", guidanceScale);
    seed.ifPresent(value -> fields.put("seed", value));
    fields.put("width", width);
    fields.put("height", height);
    if (!Double.isNaN(strength)) {
      fields.put("strength", strength);
    }
    prompt.ifPresent(value -> fields.put("prompt", value));
    negativePrompt.ifPresent(value -> fields.put("negative_prompt", value));
    fields.put("clip_skip", clipSkip);
    fields.putAll(large);
    try {
      return JSON.writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e); // plain values
    }
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%s", value);
  }
}
