package dev.palimpsest.examples.emoji;

/**
 * What a picture shows.
 *
 * @param index its place on the sheets
 * @param caption such as {@code fire engine}
 * @param group such as {@code Travel & Places}
 */
public record Subject(int index, String caption, String group) {}
