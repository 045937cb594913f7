package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What error an array may have: |got − want| ≤ atol + rtol · |want|, for all but a share of the
 * elements, which may be as far off as {@code limit}.
 *
 * @param share 0 for none
 */
record Tolerance(double atol, double rtol, double share, double limit) {
  /**
   * Of weights that Adam trained: its first steps have the size of the rate whatever the gradient,
   * so where a gradient is nearly 0 they may go the other way.
   */
  private static final double SHARE = 0.005;

  /** The tolerance of one of a case's arrays. */
  static Tolerance of(JsonNode fields, String array) {
    boolean loss = fields.has("loss_tolerance") && array.startsWith("loss");
    JsonNode given = fields.path(loss ? "loss_tolerance" : "tolerance");
    boolean trained = fields.has("weights_note") && array.startsWith("final/");
    int steps = fields.path("iterations").asInt(fields.path("steps").asInt());
    return new Tolerance(
        given.path("atol").asDouble(0),
        given.path("rtol").asDouble(0),
        trained ? SHARE : 0,
        2 * steps * fields.path("lr").asDouble());
  }

  double at(double want) {
    return atol + rtol * Math.abs(want);
  }
}
