package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Dynamic scaling of the loss, so that gradients in half precision do not vanish (Micikevicius et
 * al. 2018; numbers as torch.amp.GradScaler): the scale doubles after enough good steps, and halves
 * at a step whose gradients overflow, which is then left out.
 *
 * @param initial the first scale
 * @param interval good steps before the scale doubles
 */
public record LossScaling(double initial, long interval) {
  /** torch's defaults. */
  public static final LossScaling DEFAULTS = new LossScaling(65536, 2000);

  public LossScaling {
    checkArgument(initial >= 1, "initial must be >= 1, was %s", initial);
    checkArgument(interval >= 1, "interval must be >= 1, was %s", interval);
  }
}
