package dev.palimpsest.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.palimpsest.LibraryVersion;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.training.TextToImageNetwork;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a trained LoRA's file says of itself: Stability AI's ModelSpec, the {@code ss_} entries that
 * kohya's scripts write and tools read, and under {@code palimpsest.} what neither knows. No dates:
 * the same training gives the same bytes.
 */
final class LoraMetadata {
  private static final JsonMapper JSON = new JsonMapper();

  private LoraMetadata() {}

  /** What a resumed run must share, beside what every run does. */
  static Map<String, String> settings(LoraTrainingBuilder plan, TrainingPictures pictures) {
    Map<String, String> settings = new TreeMap<>();
    settings.put("base", plan.base.hash());
    settings.put("pictures", pictures.digest());
    settings.put("buckets", pictures.buckets().toString());
    settings.put("triggers", TriggerWord.phrases(plan.triggers));
    settings.put("captions", plan.captions.toString());
    settings.put("crops", plan.crops.toString());
    settings.put("targets", plan.targets.toString());
    settings.put("rank", Integer.toString(plan.rank));
    settings.put("alpha", Double.toString(plan.alpha.orElse(plan.rank)));
    settings.put("dropout", Double.toString(plan.dropout));
    settings.put("textEncoder", plan.textEncoder.toString());
    settings.put("batch", Integer.toString(plan.batch));
    settings.put("minSnr", Double.toString(plan.minSnr));
    settings.put("noiseOffset", Double.toString(plan.noiseOffset));
    settings.put("priorWeight", Double.toString(plan.priorWeight));
    settings.put("priorPrediction", Boolean.toString(plan.priorPrediction));
    settings.put("halfPrecision", Boolean.toString(plan.halfPrecision));
    return settings;
  }

  /** The entries of a file. */
  static Map<String, String> of(
      LoraTrainingBuilder plan, TrainingPictures pictures, Map<String, String> settings) {
    Map<String, String> entries = new TreeMap<>();
    modelSpec(plan, pictures, entries);
    kohya(plan, pictures, entries);
    entries.put("palimpsest.version", LibraryVersion.text());
    entries.put("palimpsest.base_hash", plan.base.hash());
    entries.put(
        "palimpsest.layers",
        json(plan.base.layers().stream().map(WeightLayer::description).toList()));
    Map<String, String> training = new TreeMap<>(settings);
    training.put("learningRate", plan.learningRate().toString());
    training.put("optimizer", plan.optimizer().toString());
    entries.put("palimpsest.training", json(training));
    return entries;
  }

  /** The family, as the entries of trainers tell it apart. */
  private enum Family {
    SD_1("stable-diffusion-v1", "sd_v1"),
    SD_2("stable-diffusion-v2", "sd_v2"),
    XL("stable-diffusion-xl-v1-base", "sdxl_base_v1-0");

    private final String architecture;
    private final String kohya;

    Family(String architecture, String kohya) {
      this.architecture = architecture;
      this.kohya = kohya;
    }

    static Family of(Checkpoint base) {
      if (base.has(TextToImageNetwork.TEXT_ENCODER_2)) {
        return XL;
      }
      int width = base.config(TextToImageNetwork.TEXT_ENCODER).integer("hidden_size", 512);
      return width == 1024 ? SD_2 : SD_1;
    }
  }

  private static String prediction(Checkpoint base) {
    return base.config("scheduler").string("prediction_type", "epsilon").replace("_prediction", "");
  }

  private static void modelSpec(
      LoraTrainingBuilder plan, TrainingPictures pictures, Map<String, String> entries) {
    entries.put("modelspec.sai_model_spec", "1.0.0");
    entries.put("modelspec.architecture", Family.of(plan.base).architecture + "/lora");
    entries.put("modelspec.implementation", "diffusers");
    entries.put("modelspec.title", plan.name);
    entries.put("modelspec.resolution", largest(pictures).toString());
    entries.put("modelspec.prediction_type", prediction(plan.base));
    if (!plan.triggers.isEmpty()) {
      entries.put(TriggerWord.ENTRY, TriggerWord.phrases(plan.triggers));
    }
  }

  private static Bucket largest(TrainingPictures pictures) {
    return pictures.buckets().get(pictures.buckets().size() - 1);
  }

  private static void kohya(
      LoraTrainingBuilder plan, TrainingPictures pictures, Map<String, String> entries) {
    String rate = Double.toString(plan.learningRate().peak());
    entries.put("ss_network_module", "networks.lora");
    entries.put("ss_network_dim", Integer.toString(plan.rank));
    entries.put("ss_network_alpha", Double.toString(plan.alpha.orElse(plan.rank)));
    entries.put("ss_network_dropout", plan.dropout == 0 ? "None" : Double.toString(plan.dropout));
    entries.put("ss_base_model_version", Family.of(plan.base).kohya);
    entries.put("ss_v2", bool(Family.of(plan.base) == Family.SD_2));
    entries.put("ss_sd_model_name", plan.base.path().map(String::valueOf).orElse("memory"));
    entries.put("ss_output_name", plan.name);
    entries.put("ss_learning_rate", rate);
    entries.put("ss_unet_lr", rate);
    entries.put(
        "ss_text_encoder_lr",
        plan.textEncoder.isPresent() ? Double.toString(plan.textEncoder.getAsDouble()) : "None");
    entries.put("ss_lr_scheduler", plan.learningRate().curve().name().toLowerCase(Locale.ROOT));
    entries.put("ss_lr_warmup_steps", Long.toString(plan.learningRate().warmup()));
    entries.put("ss_optimizer", plan.optimizer().toString());
    entries.put("ss_max_train_steps", Long.toString(plan.steps()));
    entries.put("ss_gradient_accumulation_steps", Integer.toString(plan.accumulate()));
    entries.put("ss_seed", Long.toString(plan.seed()));
    entries.put("ss_mixed_precision", plan.halfPrecision ? "fp16" : "no");
    entries.put("ss_noise_offset", plan.noiseOffset == 0 ? "None" : "" + plan.noiseOffset);
    entries.put("ss_min_snr_gamma", plan.minSnr == 0 ? "None" : Double.toString(plan.minSnr));
    entries.put("ss_prior_loss_weight", Double.toString(plan.priorWeight));
    entries.put("ss_shuffle_caption", bool(plan.captions.shuffled()));
    entries.put("ss_caption_dropout_rate", Double.toString(plan.captions.dropout()));
    entries.put("ss_caption_tag_dropout_rate", Double.toString(plan.captions.tagDropout()));
    entries.put("ss_keep_tokens", Integer.toString(plan.triggers.size()));
    entries.put("ss_enable_bucket", "True");
    pictures(plan, pictures, entries);
  }

  private static String bool(boolean value) {
    return value ? "True" : "False";
  }

  private static void pictures(
      LoraTrainingBuilder plan, TrainingPictures pictures, Map<String, String> entries) {
    ImageFolder folder = plan.dataset();
    String directory = String.valueOf(folder.folder().getFileName());
    Captions captions = plan.captions.with(plan.triggers);
    Map<String, Long> tags =
        folder.pictures().stream()
            .flatMap(picture -> Captions.tags(captions.whole(picture.caption())).stream())
            .collect(Collectors.groupingBy(tag -> tag, TreeMap::new, Collectors.counting()));
    entries.put("ss_tag_frequency", json(Map.of(directory, tags)));
    entries.put("ss_num_train_images", Integer.toString(folder.pictures().size()));
    entries.put(
        "ss_num_reg_images",
        Integer.toString(plan.classPictures.map(f -> f.pictures().size()).orElse(0)));
    entries.put("ss_batch_size_per_device", Integer.toString(plan.batch));
    entries.put("ss_resolution", largest(pictures).width() + "," + largest(pictures).height());
    Map<String, Object> buckets = new TreeMap<>();
    for (int i = 0; i < pictures.buckets().size(); i++) {
      Bucket bucket = pictures.buckets().get(i);
      buckets.put(
          Integer.toString(i),
          new TreeMap<>(
              Map.of(
                  "resolution", List.of(bucket.width(), bucket.height()),
                  "count", pictures.items(i).size())));
    }
    entries.put("ss_bucket_info", json(Map.of("buckets", buckets)));
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
