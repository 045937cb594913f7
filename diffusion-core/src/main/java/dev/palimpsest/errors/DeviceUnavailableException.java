package dev.palimpsest.errors;

/** A device that was asked for and cannot be used; the message says what to install. */
public final class DeviceUnavailableException extends DiffusionException {
  private static final long serialVersionUID = 1L;

  public DeviceUnavailableException(String message) {
    super(message);
  }

  public DeviceUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
