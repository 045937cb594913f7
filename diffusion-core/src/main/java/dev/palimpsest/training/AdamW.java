package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019) and bias correction; plain Adam
 * where the decay is 0. Numbers as torch.optim.AdamW on the CPU.
 *
 * @param beta1 decay of the mean of gradients
 * @param beta2 decay of the mean of their squares
 * @param epsilon added to the denominator
 * @param weightDecay the share of a weight that a step of learning rate 1 takes away
 */
public record AdamW(double beta1, double beta2, double epsilon, double weightDecay)
    implements Optimizer {

  public AdamW {
    checkArgument(0 <= beta1 && beta1 < 1, "beta1 must be in [0, 1), was %s", beta1);
    checkArgument(0 <= beta2 && beta2 < 1, "beta2 must be in [0, 1), was %s", beta2);
    checkArgument(epsilon > 0, "epsilon must be > 0, was %s", epsilon);
    checkArgument(weightDecay >= 0, "weightDecay must be >= 0, was %s", weightDecay);
  }

  /** torch's defaults: betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01. */
  public static AdamW defaults() {
    return new AdamW(0.9, 0.999, 1e-8, 0.01);
  }

  public AdamW betas(double first, double second) {
    return new AdamW(first, second, epsilon, weightDecay);
  }

  public AdamW epsilon(double value) {
    return new AdamW(beta1, beta2, value, weightDecay);
  }

  public AdamW weightDecay(double value) {
    return new AdamW(beta1, beta2, epsilon, value);
  }

  @Override
  public List<String> moments() {
    return List.of("exp_avg", "exp_avg_sq");
  }

  @Override
  public Rule rule(long step, double learningRate) {
    checkArgument(step >= 1, "steps count from 1, got %s", step);
    float keep = (float) (1 - learningRate * weightDecay);
    float ofMean = (float) (1 - beta1);
    float keepSquare = (float) beta2;
    float ofSquare = (float) (1 - beta2);
    float size = (float) (learningRate / (1 - Math.pow(beta1, step)));
    float root = (float) Math.sqrt(1 - Math.pow(beta2, step));
    float small = (float) epsilon;
    return (w, g, moments, count) -> {
      float[] m = moments[0];
      float[] v = moments[1];
      for (int i = 0; i < count; i++) {
        m[i] += ofMean * (g[i] - m[i]);
        v[i] = keepSquare * v[i] + ofSquare * g[i] * g[i];
        w[i] = w[i] * keep - size * m[i] / ((float) Math.sqrt(v[i]) / root + small);
      }
    };
  }
}
