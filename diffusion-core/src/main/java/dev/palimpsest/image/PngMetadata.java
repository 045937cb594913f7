package dev.palimpsest.image;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a PNG says about how it was made: text by keyword, in the order it is written. Immutable.
 *
 * @param text a keyword has 1 to 79 printable Latin-1 characters; a text is any without zero bytes
 */
public record PngMetadata(Map<String, String> text) {
  private static final String PARAMETERS = "parameters";
  private static final String JSON = "palimpsest";
  private static final String XMP = "XML:com.adobe.xmp";

  /** The IPTC digital source type of media made by a trained model. */
  private static final String SOURCE_TYPE =
      "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

  private static final String XMP_PACKET =
      "<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
          + "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
          + "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
          + "<rdf:Description rdf:about=\"\""
          + " xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\">"
          + "<Iptc4xmpExt:DigitalSourceType>"
          + SOURCE_TYPE
          + "</Iptc4xmpExt:DigitalSourceType>"
          + "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>";

  /**
   * @throws IllegalArgumentException if a keyword or text cannot be written into a PNG
   */
  public PngMetadata {
    text = Collections.unmodifiableMap(new LinkedHashMap<>(text));
    text.forEach(PngText::check);
  }

  /** Nothing at all. */
  public static PngMetadata none() {
    return new PngMetadata(Map.of());
  }

  /** Nothing but the mark that a trained model made the picture: an XMP packet. */
  public static PngMetadata generated() {
    return none().with(XMP, XMP_PACKET);
  }

  /** With a text, in place of an earlier one of the keyword. */
  public PngMetadata with(String keyword, String value) {
    var copy = new LinkedHashMap<>(text);
    copy.put(keyword, value);
    return new PngMetadata(copy);
  }

  /** With the line of settings that AUTOMATIC1111-style tools read. */
  public PngMetadata withParameters(String parameters) {
    return with(PARAMETERS, parameters);
  }

  /** With this library's own record of how the picture was made, a JSON object. */
  public PngMetadata withJson(String json) {
    return with(JSON, json);
  }

  public Optional<String> parameters() {
    return Optional.ofNullable(text.get(PARAMETERS));
  }

  public Optional<String> json() {
    return Optional.ofNullable(text.get(JSON));
  }

  /** Whether the XMP packet names the IPTC source type {@code trainedAlgorithmicMedia}. */
  public boolean isGenerated() {
    return text.getOrDefault(XMP, "").contains(SOURCE_TYPE);
  }
}
