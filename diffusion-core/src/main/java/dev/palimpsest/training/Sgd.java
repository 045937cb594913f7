package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * Stochastic gradient descent with momentum (Sutskever et al. 2013). Numbers as torch.optim.SGD
 * without dampening.
 *
 * @param momentum the share of the last direction that is kept, 0 for none
 * @param weightDecay the multiple of a weight that is added to its gradient
 */
public record Sgd(double momentum, double weightDecay) implements Optimizer {

  public Sgd {
    checkArgument(0 <= momentum && momentum < 1, "momentum must be in [0, 1), was %s", momentum);
    checkArgument(weightDecay >= 0, "weightDecay must be >= 0, was %s", weightDecay);
  }

  public static Sgd momentum(double momentum) {
    return new Sgd(momentum, 0);
  }

  @Override
  public List<String> moments() {
    return momentum == 0 ? List.of() : List.of("momentum_buffer");
  }

  @Override
  public Rule rule(long step, double learningRate) {
    float rate = (float) learningRate;
    float keep = (float) momentum;
    float decay = (float) weightDecay;
    return (w, g, moments, count) -> {
      for (int i = 0; i < count; i++) {
        float direction = g[i] + decay * w[i];
        if (moments.length > 0) {
          direction += keep * moments[0][i];
          moments[0][i] = direction;
        }
        w[i] -= rate * direction;
      }
    };
  }
}
