package dev.palimpsest.attention;

import java.util.List;

/**
 * A request as its edits see it. Immutable.
 *
 * @param prompt the prompt's tokens
 * @param source the tokens of the source's prompt; unknown if there is no source
 * @param tokens how many text tokens the network attends to
 * @param height of the latents
 * @param width of the latents
 * @param sites the layers that this edit changes
 * @param sourceRows for each row of the batch, the row of its source; itself where there is none
 */
public record EditedRequest(
    PromptWords prompt,
    PromptWords source,
    int tokens,
    int height,
    int width,
    List<AttentionSite> sites,
    List<Integer> sourceRows) {
  public EditedRequest {
    sites = List.copyOf(sites);
    sourceRows = List.copyOf(sourceRows);
  }
}
