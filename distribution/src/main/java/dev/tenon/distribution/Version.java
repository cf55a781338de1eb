package dev.tenon.distribution;

import java.util.Optional;

/** The version of this build. */
final class Version {
  /** From the jar's manifest; {@code development} when run from class files. */
  static final String TEXT =
      Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
          .orElse("development");

  private Version() {}
}
