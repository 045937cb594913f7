package dev.palimpsest.examples;

import dev.palimpsest.errors.DiffusionException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Tells of failures in one line: what was asked or found is wrong, so a stack trace would say
 * nothing. What should not have happened keeps its stack trace.
 */
final class Failures implements IExecutionExceptionHandler {
  private static final int CANCELLED = 130;

  private final Palimpsest application;

  Failures(Palimpsest application) {
    this.application = application;
  }

  @Override
  public int handleExecutionException(
      Exception failure, CommandLine commandLine, ParseResult parsed) {
    PrintWriter err = commandLine.getErr();
    if (application.cancellation().isCancelled()) {
      err.println("cancelled");
      return CANCELLED;
    }
    boolean foreseen =
        failure instanceof IOException
            || failure instanceof UncheckedIOException
            || failure instanceof DiffusionException
            || failure instanceof IllegalArgumentException
            || failure instanceof IllegalStateException;
    err.println("error: " + line(failure));
    if (application.stacktrace() || !foreseen) {
      failure.printStackTrace(err);
    }
    err.flush();
    return failure instanceof IllegalArgumentException
        ? CommandLine.ExitCode.USAGE
        : CommandLine.ExitCode.SOFTWARE;
  }

  /** Tells what is wrong with the words of a command line, and where help is. */
  static int misused(ParameterException misuse, String[] words) {
    CommandLine commandLine = misuse.getCommandLine();
    PrintWriter err = commandLine.getErr();
    err.println("error: " + misuse.getMessage());
    err.println(
        "Try '" + commandLine.getCommandSpec().qualifiedName() + " --help' for what is possible.");
    err.flush();
    return CommandLine.ExitCode.USAGE;
  }

  /** What happened; the messages of file system exceptions are often but the file's name. */
  static String line(Throwable failure) {
    if (failure instanceof UncheckedIOException && failure.getCause() != null) {
      return line(failure.getCause());
    }
    String message = String.valueOf(failure.getMessage());
    if (failure instanceof NoSuchFileException) {
      return "no such file: " + message;
    }
    if (failure instanceof AccessDeniedException) {
      return "no permission: " + message;
    }
    if (failure instanceof FileSystemException || failure.getMessage() == null) {
      return failure.getClass().getSimpleName() + ": " + message;
    }
    return message;
  }
}
