package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.image.Bilinear;
import dev.palimpsest.image.HeatMap;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Attention probabilities that {@link AttentionEdit#capture} kept: for each layer and picture where
 * each query token looks. As arrays, or as pictures of where the words of the prompt act.
 * Immutable.
 */
public final class AttentionMaps {
  private final Map<AttentionSite, Tensor> maps;
  private final PromptWords prompt;
  private final int height;
  private final int width;

  private AttentionMaps(
      Map<AttentionSite, Tensor> maps, PromptWords prompt, int height, int width) {
    this.maps = Collections.unmodifiableMap(new LinkedHashMap<>(maps));
    this.prompt = prompt;
    this.height = height;
    this.width = width;
  }

  /** The layers, in the network's order; empty if the edit acted in none of the steps. */
  public List<AttentionSite> sites() {
    return new ArrayList<>(maps.keySet());
  }

  /**
   * The probabilities of a layer.
   *
   * @return float32 [pictures, heads, query tokens, key tokens]
   * @throws IllegalArgumentException if it was not captured; the message lists what was
   */
  public Tensor of(String site) {
    return maps.entrySet().stream()
        .filter(entry -> entry.getKey().name().equals(site))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "nothing was captured at " + site + ", but at " + maps.keySet()));
  }

  /** The prompt's tokens; unknown if the caller encoded it. */
  public PromptWords prompt() {
    return prompt;
  }

  /** {@link #heat(PromptPart)} of a phrase. */
  public Tensor heat(String phrase) {
    return heat(PromptPart.of(phrase));
  }

  /**
   * How much each latent attends to a part of the prompt: the mean over the part's tokens, heads
   * and captured cross-attention layers, each brought to the latents' size.
   *
   * @return float32 [pictures, height, width] in latents, not normalised
   * @throws IllegalArgumentException if the prompt lacks the part
   */
  public Tensor heat(PromptPart part) {
    float[] sum = new float[0];
    int layers = 0;
    for (Map.Entry<AttentionSite, Tensor> entry : maps.entrySet()) {
      if (entry.getKey().kind() == AttentionSite.Kind.CROSS) {
        float[] layer = heat(entry.getKey(), entry.getValue(), part);
        sum = sum.length == 0 ? new float[layer.length] : sum;
        for (int i = 0; i < sum.length; i++) {
          sum[i] += layer[i];
        }
        layers++;
      }
    }
    checkState(layers > 0, "no cross-attention was captured, only %s", maps.keySet());
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= layers;
    }
    return Tensor.of(Shape.of(sum.length / (height * width), height, width), sum);
  }

  private float[] heat(AttentionSite site, Tensor probabilities, PromptPart part) {
    Shape shape = probabilities.shape();
    int tokens = (int) shape.dim(3);
    int queries = (int) shape.dim(2);
    int heads = (int) shape.dim(1);
    int pictures = (int) shape.dim(0);
    List<Integer> places = part.in(prompt, tokens);
    float[] p = probabilities.floats();
    float[] mean = new float[pictures * queries];
    for (int row = 0; row < pictures * heads * queries; row++) {
      int at = row / (heads * queries) * queries + row % queries;
      for (int place : places) {
        mean[at] += p[row * tokens + place] / (heads * places.size());
      }
    }
    int across = site.side(width);
    Tensor small = Tensor.of(Shape.of(pictures, 1, queries / across, across), mean);
    return Bilinear.resize(small, width, height).floats();
  }

  /**
   * A picture of where a phrase acts, from black where least to white where most.
   *
   * @param picture which one of the request, counted from 0
   */
  public BufferedImage heatMap(String phrase, int picture, int width, int height) {
    return HeatMap.draw(heat(phrase), checkedPicture(picture), width, height);
  }

  /** {@link #heatMap} over the result that it belongs to, which is darkened where it is low. */
  public BufferedImage overlay(String phrase, int picture, BufferedImage result) {
    return HeatMap.over(heat(phrase), checkedPicture(picture), result);
  }

  private int checkedPicture(int picture) {
    int pictures =
        maps.values().stream().findFirst().map(map -> (int) map.shape().dim(0)).orElse(0);
    checkArgument(
        0 <= picture && picture < pictures,
        "picture must be in 0..%s, was %s",
        pictures - 1,
        picture);
    return picture;
  }

  @Override
  public String toString() {
    return "AttentionMaps of " + prompt + " at " + maps.keySet();
  }

  /** Maps that come one evaluation after the other. One thread. */
  public static final class Sum {
    private final Map<AttentionSite, float[]> sums = new LinkedHashMap<>();
    private final Map<AttentionSite, Shape> shapes = new LinkedHashMap<>();
    private final PromptWords prompt;
    private final int height;
    private final int width;
    private int count;

    /**
     * @param height of the latents
     * @param width of the latents
     */
    public Sum(PromptWords prompt, int height, int width) {
      this.prompt = prompt;
      this.height = height;
      this.width = width;
    }

    /**
     * Adds the maps of one evaluation.
     *
     * @param maps float32 [pictures, heads, query tokens, key tokens]
     */
    public void add(Map<AttentionSite, Tensor> maps) {
      maps.forEach(
          (site, tensor) -> {
            float[] values = tensor.floats();
            float[] sum = sums.computeIfAbsent(site, s -> new float[values.length]);
            for (int i = 0; i < sum.length; i++) {
              sum[i] += values[i];
            }
            shapes.put(site, tensor.shape());
          });
      count++;
    }

    /** The mean over the evaluations so far. */
    public AttentionMaps average() {
      var maps = new LinkedHashMap<AttentionSite, Tensor>();
      sums.forEach(
          (site, sum) -> {
            float[] mean = sum.clone();
            for (int i = 0; count > 1 && i < mean.length; i++) {
              mean[i] /= count;
            }
            maps.put(site, Tensor.of(requireNonNull(shapes.get(site)), mean));
          });
      return new AttentionMaps(maps, prompt, height, width);
    }
  }
}
