package dev.palimpsest.scheduler;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a step must touch at least, and a loop that does just that: for each network evaluation a
 * pass before it, where the network's input is not the state itself, and one after it. A pass reads
 * arrays (state, output, noise, history) and makes new ones (denoised estimate, state, history).
 */
final class TouchedArrays {
  private static final Pass SCALED_INPUT = new Pass(1, 1);

  private record Pass(int read, int written) {}

  private final List<Pass> passes;

  private TouchedArrays(Pass... passes) {
    this.passes = List.of(passes);
  }

  static TouchedArrays of(String scheduler) {
    return switch (scheduler) {
      case "ddim", "ddim_inverse", "flow_match_euler" -> new TouchedArrays(new Pass(2, 2));
      case "ddpm", "dpmsolver++", "lcm", "tcd" -> new TouchedArrays(new Pass(3, 2));
      case "dpmsolver_singlestep" -> new TouchedArrays(new Pass(3, 2));
      case "deis" -> new TouchedArrays(new Pass(3, 3));
      case "euler" -> new TouchedArrays(SCALED_INPUT, new Pass(2, 2));
      case "euler_ancestral" -> new TouchedArrays(SCALED_INPUT, new Pass(3, 2));
      case "heun" ->
          new TouchedArrays(SCALED_INPUT, new Pass(2, 3), SCALED_INPUT, new Pass(4, 2));
      case "kdpm2" -> new TouchedArrays(SCALED_INPUT, new Pass(2, 2), SCALED_INPUT, new Pass(3, 2));
      case "kdpm2_ancestral" ->
          new TouchedArrays(SCALED_INPUT, new Pass(2, 2), SCALED_INPUT, new Pass(4, 2));
      case "lms" -> new TouchedArrays(SCALED_INPUT, new Pass(5, 3));
      case "pndm" -> new TouchedArrays(new Pass(5, 2));
      case "ipndm", "unipc" -> new TouchedArrays(new Pass(5, 3));
      case "sa_solver" -> new TouchedArrays(new Pass(6, 3));
      default -> throw new IllegalArgumentException(scheduler);
    };
  }

  /** The arrays that the loop reads: the first three and copies of them. */
  float[][] inputs(float[]... first) {
    float[][] inputs = Arrays.copyOf(first, 6);
    for (int j = first.length; j < inputs.length; j++) {
      inputs[j] = first[j - first.length].clone();
    }
    return inputs;
  }

  /** All passes; the last array that was written. */
  float[] run(float[][] in) {
    float[] last = in[0];
    for (Pass pass : passes) {
      float[][] out = new float[pass.written()][in[0].length];
      touch(Arrays.copyOf(in, pass.read()), out);
      last = out[0];
    }
    return last;
  }

  private static void touch(float[][] in, float[][] out) {
    switch (in.length) {
      case 1 -> read1write1(in[0], out[0]);
      case 2 -> read2write2(in[0], in[1], out[0], out[1]);
      case 3 -> read3write2(in[0], in[1], in[2], out[0], out[1]);
      case 4 -> read4write2(in[0], in[1], in[2], in[3], out[0], out[1]);
      case 5 -> read5write2(in[0], in[1], in[2], in[3], in[4], out[0], out[1]);
      default -> {
        read5write2(in[0], in[1], in[2], in[3], in[4], out[0], out[1]);
        add(out[0], in[5]); // faster than six in one loop
      }
    }
    if (out.length == 3) {
      read1write1(out[0], out[2]); // faster than three in one loop, which is not vectorized well
    }
  }

  private static void read1write1(float[] a, float[] p) {
    for (int i = 0; i < p.length; i++) {
      float sum = a[i];
      p[i] = sum;
    }
  }

  private static void read2write2(float[] a, float[] b, float[] p, float[] q) {
    for (int i = 0; i < p.length; i++) {
      float sum = a[i] + b[i];
      p[i] = sum;
      q[i] = sum * 2;
    }
  }

  private static void read3write2(float[] a, float[] b, float[] c, float[] p, float[] q) {
    for (int i = 0; i < p.length; i++) {
      float sum = a[i] + b[i] + c[i];
      p[i] = sum;
      q[i] = sum * 2;
    }
  }

  private static void read4write2(float[] a, float[] b, float[] c, float[] d, float[] p, float[] q) {
    for (int i = 0; i < p.length; i++) {
      float sum = a[i] + b[i] + c[i] + d[i];
      p[i] = sum;
      q[i] = sum * 2;
    }
  }

  private static void read5write2(float[] a, float[] b, float[] c, float[] d, float[] e, float[] p, float[] q) {
    for (int i = 0; i < p.length; i++) {
      float sum = a[i] + b[i] + c[i] + d[i] + e[i];
      p[i] = sum;
      q[i] = sum * 2;
    }
  }

  private static void add(float[] p, float[] a) {
    for (int i = 0; i < p.length; i++) {
      p[i] += a[i];
    }
  }

  @Override
  public String toString() {
    return passes.stream()
        .map(pass -> pass.read() + " → " + pass.written())
        .collect(Collectors.joining(", "));
  }
}
