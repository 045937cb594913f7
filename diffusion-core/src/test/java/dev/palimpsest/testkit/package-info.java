/** What plugin authors and applications test with: properties of schedulers, arbitrary values. */
@NullMarked
package dev.palimpsest.testkit;

import org.jspecify.annotations.NullMarked;
