/** The captioned pictures of five drawing styles, the judge of them and what is trained on them. */
@NullMarked
package dev.palimpsest.examples.emoji;

import org.jspecify.annotations.NullMarked;
