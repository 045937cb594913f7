#!/usr/bin/env python3
"""Writes reference.json beside it: metrics of two small sets of features, by NumPy 2.4.6 and SciPy 1.17.1
from the papers' formulas, in the straightforward way (whole matrices)."""

import json
from pathlib import Path

import numpy
from scipy.spatial.distance import cdist, pdist

generator = numpy.random.default_rng(5)
real = generator.normal(0, 1.5, (14, 5)).round(3)
generated = (generator.normal(0.3, 1.0, (12, 5))).round(3)


def discrepancy(x, y):
    k = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3
    m, n = len(x), len(y)
    xx, yy = k(x, x), k(y, y)
    return (
        (xx.sum() - numpy.trace(xx)) / (m * (m - 1))
        + (yy.sum() - numpy.trace(yy)) / (n * (n - 1))
        - 2 * k(x, y).mean()
    )


def discrepancy_of_classes(x, y, classes):
    k = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3

    def within(a):
        parts = numpy.split(a, classes)
        m = len(parts[0])
        sums = [
            (k(p, q).sum() - numpy.trace(k(p, p))) / (m * (m - 1)) if p is q else k(p, q).mean()
            for p in parts
            for q in parts
        ]
        return numpy.mean(sums)

    return within(x) + within(y) - 2 * k(x, y).mean()


def covered(points, by, k):
    radii = numpy.sort(cdist(by, by), axis=1)[:, k]
    return float((cdist(points, by) <= radii).any(axis=1).mean())


reference = {
    "real": real.tolist(),
    "generated": generated.tolist(),
    "kernel_distance": discrepancy(real, generated),
    "kernel_distance_of_two_classes": discrepancy_of_classes(real, generated, 2),
    "kernel_distance_of_halves": discrepancy(real[:7], real[7:]),
    "precision": {k: covered(generated, real, k) for k in (1, 3)},
    "recall": {k: covered(real, generated, k) for k in (1, 3)},
    "diversity_of_three_classes": [float(pdist(generated[i : i + 4]).mean()) for i in (0, 4, 8)],
}
Path(__file__).with_name("reference.json").write_text(json.dumps(reference, indent=1) + "\n")
