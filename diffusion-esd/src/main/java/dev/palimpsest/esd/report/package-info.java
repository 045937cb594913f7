/**
 * What an erasure did, measured: pictures of models before and after with the same seeds, scored,
 * as a result object, JSON and one HTML page.
 */
@NullMarked
package dev.palimpsest.esd.report;

import org.jspecify.annotations.NullMarked;
