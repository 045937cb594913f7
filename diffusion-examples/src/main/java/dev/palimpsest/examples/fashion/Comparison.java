package dev.palimpsest.examples.fashion;

import dev.palimpsest.examples.fashion.FeatureClassifier.Seen;
import dev.palimpsest.examples.metrics.Diversity;
import dev.palimpsest.examples.metrics.FeatureSet;
import dev.palimpsest.examples.metrics.KernelDistance;
import dev.palimpsest.examples.metrics.PrecisionRecall;
import dev.palimpsest.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Pictures compared with held-out ones, as many of each class, class by class.
 *
 * @param accuracy the share of pictures that the classifier takes for their class
 * @param pixelDiversity with black and white 1 apart
 */
record Comparison(
    KernelDistance kernel,
    PrecisionRecall cover,
    Diversity featureDiversity,
    Diversity pixelDiversity,
    double accuracy) {

  /** Compares float32 pictures in [-1, 1]. */
  static Comparison of(
      FeatureClassifier classifier, Tensor heldOut, Tensor pictures, Tensor labels) {
    FeatureSet real = FeatureSet.of(classifier.look(heldOut).features());
    Seen seen = classifier.look(pictures);
    FeatureSet features = FeatureSet.of(seen.features());
    int classes = FashionMnist.CLASSES.size();
    int blocks = Math.max(2, Math.min(StudySettings.BLOCKS, real.count() / classes / 2));
    return new Comparison(
        KernelDistance.of(real, features, classes, blocks),
        PrecisionRecall.of(real, features, StudySettings.NEIGHBOURS),
        Diversity.of(features, classes),
        Diversity.of(FeatureSet.of(unit(pictures)), classes),
        seen.accuracy(labels));
  }

  private static Tensor unit(Tensor pictures) {
    float[] values = pictures.floats().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = (values[i] + 1) / 2;
    }
    return Tensor.of(pictures.shape(), values);
  }

  Map<String, Object> asMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("kernel_distance", kernel.value());
    map.put("kernel_distance_block_mean", kernel.blockMean());
    map.put("kernel_distance_standard_error", kernel.standardError());
    map.put("kernel_distance_blocks", kernel.blocks());
    map.put("precision", cover.precision());
    map.put("recall", cover.recall());
    map.put("feature_diversity", featureDiversity.mean());
    map.put("feature_diversity_per_class", featureDiversity.perClass());
    map.put("pixel_diversity", pixelDiversity.mean());
    map.put("pixel_diversity_per_class", pixelDiversity.perClass());
    map.put("classifier_agrees", accuracy);
    return map;
  }
}
