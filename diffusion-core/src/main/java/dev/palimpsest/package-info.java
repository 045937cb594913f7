/** What an application types: pipelines, requests, pictures, listeners. */
@NullMarked
package dev.palimpsest;

import org.jspecify.annotations.NullMarked;
