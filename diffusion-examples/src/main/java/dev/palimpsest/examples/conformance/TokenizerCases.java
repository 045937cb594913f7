package dev.palimpsest.examples.conformance;

import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.model.Tokens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Area {@code tokenizer}: prompts to token ids. */
final class TokenizerCases {
  private static final Map<Path, ClipTokenizer> READ = new ConcurrentHashMap<>();

  private TokenizerCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("tokenize", TokenizerCases::tokenize);
  }

  private static void tokenize(ConformanceCase c) throws IOException {
    Path folder = c.inArea(c.field("tokenizer").asText());
    ClipTokenizer tokenizer = READ.get(folder);
    if (tokenizer == null) {
      tokenizer = ClipTokenizer.read(folder);
      READ.put(folder, tokenizer);
    }
    String prompt = c.field("prompt").asText();
    Tokens padded = tokenizer.encodePadded(prompt);
    c.putValue("ids", tokenizer.encode(prompt));
    c.putValue("padded", padded.ids());
    c.putValue("attention_mask_sum", padded.attentionMaskSum());
  }
}
