/**
 * How probable a picture is under a diffusion model: the forward process and its posteriors, the
 * reverse process with fixed or learned variances, the terms of the variational bound and the
 * discretized Gaussian decoder, all computed in float64. {@code docs/likelihood.md} has the theory.
 *
 * <pre>{@code
 * GaussianDiffusion q = GaussianDiffusion.of(schedule);
 * ReverseProcess p = ReverseProcess.of(q, PredictionType.EPSILON, ModelVariance.FIXED_LARGE);
 * BitsPerDim bits = Likelihood.of(p).evaluate(picture, network, NoiseSource.torch(0)).get(0);
 * }</pre>
 */
@NullMarked
package dev.palimpsest.likelihood;

import org.jspecify.annotations.NullMarked;
