package dev.tenon.distribution.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What the modules of the image may require, provide and hold. */
class ModuleRulesTest {
  private static final String RUNTIME = "dev.tenon.engine.runtime";
  private static final String SERVICES = "META-INF/services/";

  @Test
  void allModulesOfTheDesignAreInTheImage() {
    assertThat(Project.ownModules())
        .extracting(module -> module.descriptor().name())
        .containsExactlyInAnyOrder(
            "dev.tenon.backend.cpu",
            "dev.tenon.backend.cuda.ampere",
            "dev.tenon.backend.cuda.blackwell",
            "dev.tenon.backend.cuda.core",
            "dev.tenon.backend.cuda.hopper",
            "dev.tenon.distribution",
            "dev.tenon.engine.api",
            RUNTIME,
            "dev.tenon.json.values",
            "dev.tenon.model.qwen3next",
            "dev.tenon.parser.hermes",
            "dev.tenon.server.javalin",
            "dev.tenon.spec.mtp",
            "dev.tenon.text.huggingface");
  }

  @Test
  void pluginsRequireNeitherTheRuntimeNorEachOther() {
    Set<String> plugins = Project.plugins();
    assertThat(plugins).hasSizeGreaterThanOrEqualTo(7);
    for (ModuleReference module : Project.ownModules()) {
      if (plugins.contains(module.descriptor().name())) {
        assertThat(Project.required(module.descriptor()))
            .as(module.descriptor().name())
            .doesNotContain(RUNTIME)
            .doesNotContainAnyElementsOf(plugins);
      }
    }
  }

  @Test
  void runtimeServerAndCommandNameNoPlugin() {
    for (String name : List.of(RUNTIME, "dev.tenon.server.javalin", "dev.tenon.distribution")) {
      assertThat(Project.required(own(name)))
          .as(name)
          .doesNotContainAnyElementsOf(Project.plugins());
    }
    assertThat(Project.required(own("dev.tenon.server.javalin"))).doesNotContain(RUNTIME);
  }

  @Test
  void theApiRequiresOnlyTheJdk() {
    assertThat(Project.required(own("dev.tenon.engine.api")))
        .containsExactlyInAnyOrder("java.base", "org.jspecify");
    assertThat(own("dev.tenon.engine.api").requires())
        .filteredOn(required -> required.name().equals("org.jspecify"))
        .allMatch(r -> r.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC));
  }

  @Test
  void theRuntimeExportsNothing() {
    assertThat(own(RUNTIME).exports()).isEmpty();
  }

  @Test
  void noPackageIsInTwoModules() {
    Map<String, String> owners = new HashMap<>();
    List<String> split = new ArrayList<>();
    for (ModuleReference module : Project.modulePath()) {
      for (String name : module.descriptor().packages()) {
        String other = owners.put(name, module.descriptor().name());
        if (other != null) {
          split.add(name + " in " + other + " and " + module.descriptor().name());
        }
      }
    }
    assertThat(split).isEmpty();
  }

  @Test
  void automaticModulesAreThoseAllowedByName() {
    assertThat(Project.modulePath())
        .filteredOn(module -> module.descriptor().isAutomatic())
        .extracting(module -> module.descriptor().name())
        .containsExactlyInAnyOrderElementsOf(Project.listed("automatic-modules.txt"));
  }

  @Test
  void providersAreDeclaredAlikeForModulePathAndClassPath() throws IOException {
    for (ModuleReference module : Project.ownModules()) {
      Map<String, Set<String>> descriptor = new TreeMap<>();
      module
          .descriptor()
          .provides()
          .forEach(p -> descriptor.put(p.service(), new TreeSet<>(p.providers())));
      assertThat(classPathServices(module)).as(module.descriptor().name()).isEqualTo(descriptor);
    }
  }

  private static Map<String, Set<String>> classPathServices(ModuleReference module)
      throws IOException {
    Map<String, Set<String>> services = new TreeMap<>();
    try (ModuleReader reader = module.open()) {
      List<String> files = reader.list().filter(n -> n.startsWith(SERVICES)).toList();
      for (String file : files) {
        if (file.endsWith("/")) {
          continue;
        }
        try (var content = reader.open(file).orElseThrow()) {
          Set<String> providers = new LinkedHashSet<>();
          new String(content.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .map(line -> line.replaceFirst("#.*", "").strip())
              .filter(line -> !line.isEmpty())
              .forEach(providers::add);
          services.put(file.substring(SERVICES.length()), new TreeSet<>(providers));
        }
      }
    }
    return services;
  }

  private static ModuleDescriptor own(String name) {
    return Project.ownModules().stream()
        .map(ModuleReference::descriptor)
        .filter(descriptor -> descriptor.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
