package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How strongly an adapter acts: one factor, and others for parts of the networks. 0 is not at all,
 * 1 as trained; negative and larger factors are allowed. Immutable.
 *
 * <pre>{@code
 * AdapterScale.of(0.8).at("text_encoder", 0).at("unet.up_blocks.1", 0.3)
 * }</pre>
 */
public final class AdapterScale {
  private final double factor;
  private final Map<String, Double> parts;

  private AdapterScale(double factor, Map<String, Double> parts) {
    this.factor = factor;
    this.parts = Collections.unmodifiableMap(parts);
  }

  public static AdapterScale of(double factor) {
    return new AdapterScale(checked(factor), new TreeMap<>());
  }

  /**
   * With another factor for a part; of parts within each other the innermost counts.
   *
   * @param part a component, such as {@code text_encoder}, or a module in it, such as {@code
   *     unet.mid_block}
   */
  public AdapterScale at(String part, double factor) {
    var more = new TreeMap<>(parts);
    more.put(part, checked(factor));
    return new AdapterScale(this.factor, more);
  }

  private static double checked(double factor) {
    checkArgument(Double.isFinite(factor), "an adapter's scale must be finite, was %s", factor);
    return factor;
  }

  /** The factor for what no part names. */
  public double factor() {
    return factor;
  }

  /** The factors of parts, by name, sorted. */
  public Map<String, Double> parts() {
    return parts;
  }

  /**
   * The factor for a module.
   *
   * @param path the component and the module, such as {@code unet.mid_block.resnets.0.conv1}
   */
  public double of(String path) {
    String part = path;
    while (true) {
      Double own = parts.get(part);
      int dot = part.lastIndexOf('.');
      if (own != null || dot < 0) {
        return own == null ? factor : own;
      }
      part = part.substring(0, dot);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AdapterScale scale
        && scale.factor == factor
        && scale.parts.equals(parts);
  }

  @Override
  public int hashCode() {
    return Double.hashCode(factor) * 31 + parts.hashCode();
  }

  /** The factor, then the parts': {@code 0.8 (text_encoder 0.0)}. */
  @Override
  public String toString() {
    return parts.isEmpty()
        ? Double.toString(factor)
        : parts.entrySet().stream()
            .map(part -> part.getKey() + " " + part.getValue())
            .collect(Collectors.joining(", ", factor + " (", ")"));
  }
}
