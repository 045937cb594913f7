package dev.palimpsest.model;

/**
 * A piece of text that is one token wherever it stands, before any splitting.
 *
 * @param normalized whether it is looked for in the normalised text rather than in the text as
 *     given, so that any mixture of cases matches
 */
record AddedToken(String content, boolean normalized) {}
