package dev.palimpsest.examples;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Width and height in pixels, written as {@code 768x512}, or {@code 512} for a square. */
record PictureSize(int width, int height) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,5})(?:x(\\d{1,5}))?");

  static final class Converter implements ITypeConverter<PictureSize> {
    @Override
    public PictureSize convert(String text) {
      Matcher size = FORM.matcher(text);
      if (!size.matches()) {
        throw new TypeConversionException("'" + text + "' is no size such as 768x512");
      }
      int width = Integer.parseInt(size.group(1));
      return new PictureSize(
          width, size.group(2) == null ? width : Integer.parseInt(size.group(2)));
    }
  }
}
