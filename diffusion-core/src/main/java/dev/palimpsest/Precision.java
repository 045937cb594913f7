package dev.palimpsest;

import dev.palimpsest.runtime.Device;

/** The floating-point type in which networks compute. Norms and softmax are always float32. */
public enum Precision {
  /** Half precision on CUDA, float32 on the CPU. */
  AUTO,
  FLOAT32,
  /**
   * Float16 weights and products. An autoencoder that overflows in it, as some published ones do,
   * is run again in float32, and stays there. ONNX exports keep the precision they were exported
   * in.
   */
  HALF;

  boolean isHalf(Device device) {
    return this == HALF || (this == AUTO && device.isCuda());
  }
}
