package dev.tenon.distribution;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** One sub-command. */
interface Command {
  /** Its name, flags and help. */
  CommandSpec spec();

  /**
   * Runs it.
   *
   * @return the process's exit status
   */
  int run(ParseResult parsed) throws Exception;
}
