package dev.tenon.distribution;

import java.util.List;

/**
 * One flag of the command line, named as {@code vllm serve} names it.
 *
 * @param name without dashes, words joined by {@code -}
 * @param aliases further spellings, dashes included, e.g. {@code -tp}
 * @param kind how it is written
 * @param label what its value is called in help; empty for switches
 * @param help one sentence
 */
record Flag(String name, List<String> aliases, Kind kind, String label, String help) {
  /** How a flag is written. */
  enum Kind {
    /** {@code --flag VALUE} or {@code --flag=VALUE}. */
    VALUE,
    /** {@code --flag VALUE [VALUE …]}. */
    VALUES,
    /** {@code --flag}. */
    SWITCH,
    /** {@code --flag} or {@code --no-flag}. */
    NEGATABLE
  }

  static Flag value(String name, String label, String help, String... aliases) {
    return new Flag(name, List.of(aliases), Kind.VALUE, label, help);
  }

  static Flag values(String name, String label, String help) {
    return new Flag(name, List.of(), Kind.VALUES, label, help);
  }

  static Flag onOff(String name, String help) {
    return new Flag(name, List.of(), Kind.SWITCH, "", help);
  }

  static Flag negatable(String name, String help) {
    return new Flag(name, List.of(), Kind.NEGATABLE, "", help);
  }

  String option() {
    return "--" + name;
  }
}
