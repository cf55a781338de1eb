package dev.tenon.engine.runtime.ranks;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of another process of this program: same Java, same options, same modules. */
final class RankCommand {
  /** Options that belong to one process alone, or that name its entry. */
  private static final List<String> OWN =
      List.of(
          "-agentlib",
          "-agentpath",
          "-javaagent",
          "-Xrun",
          "-Xdebug",
          "-XX:ArchiveClassesAtExit",
          "-XX:+RecordDynamicDumpInfo",
          "-XX:StartFlightRecording",
          "-XX:Flags",
          "--module-path",
          "-Djdk.module.main",
          "-Djdk.module.path",
          "-Dcom.sun.management.jmxremote");

  private RankCommand() {}

  /**
   * The command that runs a class of this program.
   *
   * @param main its module and name, or its name where it lies on the class path
   */
  static List<String> of(Class<?> main) {
    return of(
        main,
        ManagementFactory.getRuntimeMXBean().getInputArguments(),
        System.getProperty("jdk.module.path", ""),
        System.getProperty("java.class.path", ""));
  }

  static List<String> of(Class<?> main, List<String> options, String modulePath, String classPath) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    options.stream()
        .filter(option -> OWN.stream().noneMatch(option::startsWith))
        .forEach(command::add);
    if (!modulePath.isEmpty()) {
      command.addAll(List.of("-p", modulePath));
    }
    if (!classPath.isEmpty()) {
      command.addAll(List.of("-cp", classPath));
    }
    Module module = main.getModule();
    if (module.isNamed()) {
      command.addAll(List.of("-m", module.getName() + "/" + main.getName()));
    } else {
      command.add(main.getName());
    }
    return command;
  }
}
