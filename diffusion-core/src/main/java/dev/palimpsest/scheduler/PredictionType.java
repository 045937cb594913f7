package dev.palimpsest.scheduler;

/** What a network was trained to predict from x = alpha x0 + sigma epsilon. */
public enum PredictionType {
  /** The noise epsilon. */
  EPSILON,
  /** v = alpha epsilon - sigma x0 (Salimans and Ho 2022). */
  V_PREDICTION,
  /** The clean sample x0. */
  SAMPLE,
  /** The velocity epsilon - x0 of a rectified flow, where alpha = 1 - sigma. */
  FLOW_PREDICTION
}
