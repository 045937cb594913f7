package dev.palimpsest.scheduler;

import dev.palimpsest.tensor.Tensor;

/**
 * One network evaluation within a solver step.
 *
 * @param x the state it was made at, before scaling for the network
 * @param timestep in training timesteps
 * @param denoised the estimate of the clean sample that it gave, float32 of x's shape
 */
public record Evaluation(Tensor x, double timestep, Tensor denoised) {}
