/** The erasure study: how well concepts of the starter model are erased, and what stays. */
@NullMarked
package dev.palimpsest.examples.erasure;

import org.jspecify.annotations.NullMarked;
