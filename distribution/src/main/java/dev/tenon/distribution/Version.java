package dev.tenon.distribution;

import java.lang.module.ModuleDescriptor;
import java.util.Optional;

/** The version of this build. */
final class Version {
  /** From the module's descriptor; {@code development} when run from a class path. */
  static final String TEXT =
      Optional.ofNullable(Version.class.getModule().getDescriptor())
          .flatMap(ModuleDescriptor::rawVersion)
          .orElse("development");

  private Version() {}
}
