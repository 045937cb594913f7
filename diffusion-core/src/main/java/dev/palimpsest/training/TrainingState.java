package dev.palimpsest.training;

import dev.palimpsest.tensor.Tensor;
import java.util.Map;

/**
 * All that a run needs to go on: its randomness is decided by the position.
 *
 * @param step steps done
 * @param updates steps that changed the weights; fewer only where half precision overflowed
 * @param lossScale of the next step
 * @param steady steps since the loss scale changed
 * @param tensors weights, moments and averages by kind and name
 */
record TrainingState(
    long step, long updates, double lossScale, long steady, Map<String, Tensor> tensors) {}
