package dev.tenon.distribution.outside;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.conditions.ArchConditions;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.io.IOException;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What the project's classes may use of each other and of the JDK. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CodeRulesTest {
  private static final String[] PLUGINS = {
    "dev.tenon.backend..", "dev.tenon.model..", "dev.tenon.spec..", "dev.tenon.parser.."
  };

  @SuppressWarnings("NullAway.Init") // set before the first test
  private JavaClasses classes;

  @BeforeAll
  void readClasses() throws IOException {
    List<JarFile> jars = new ArrayList<>();
    for (ModuleReference module : Project.ownModules()) {
      jars.add(new JarFile(Path.of(module.location().orElseThrow()).toFile()));
    }
    classes = new ClassFileImporter().importJars(jars);
    assertThat(classes.size()).isGreaterThan(200);
  }

  @Test
  void runtimeServerAndCommandUseNoPlugin() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.tenon.api..",
            "dev.tenon.spi..",
            "dev.tenon.engine.runtime..",
            "dev.tenon.server..",
            "dev.tenon.distribution..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(PLUGINS)
        .check(classes);
  }

  @Test
  void onlyTheRuntimeUsesTheRuntime() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.tenon.engine.runtime..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.tenon.engine.runtime..")
        .check(classes);
  }

  @Test
  void theApiUsesOnlyTheJdk() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.tenon.api..", "dev.tenon.spi..")
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages("java..", "org.jspecify..", "dev.tenon.api..", "dev.tenon.spi..")
        .check(classes);
  }

  @Test
  void packagesOfTheRuntimeHaveNoCycles() {
    slices().matching("dev.tenon.engine.runtime.(*)..").should().beFreeOfCycles().check(classes);
  }

  @Test
  void librariesLeaveTheStandardStreamsAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.tenon.distribution..")
        .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
        .check(classes);
  }

  @Test
  void nobodyPrintsStackTracesOrEndsTheProcessButTheCommand() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.tenon.distribution..")
        .should()
        .callMethod(Throwable.class, "printStackTrace")
        .orShould()
        .callMethod(System.class, "exit", int.class)
        .check(classes);
  }

  @Test
  void classesAreNotNamedUtils() {
    noClasses()
        .should(
            ArchConditions.be(
                DescribedPredicate.describe(
                    "a collection of helpers",
                    (JavaClass c) -> c.getSimpleName().matches(".*(Utils?|Helpers?)"))))
        .check(classes);
  }
}
