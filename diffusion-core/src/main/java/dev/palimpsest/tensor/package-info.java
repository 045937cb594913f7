/**
 * Host values: element types, shapes, tensors, half precision, and seeded noise that matches
 * torch's CPU generator.
 */
@NullMarked
package dev.palimpsest.tensor;

import org.jspecify.annotations.NullMarked;
