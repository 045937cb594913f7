package dev.palimpsest.examples;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The command line. Each command is a class of its own, listed here. */
@Command(
    name = "palimpsest",
    description = "Diffusion for the JVM: generate, erase, write again.",
    mixinStandardHelpOptions = true,
    versionProvider = Palimpsest.Version.class,
    subcommands = {CommandLine.HelpCommand.class})
public final class Palimpsest implements Runnable {
  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  public static void main(String[] args) {
    System.exit(new CommandLine(new Palimpsest()).execute(args));
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Palimpsest.class.getPackage().getImplementationVersion();
      return new String[] {"palimpsest " + (version == null ? "(not packaged)" : version)};
    }
  }
}
