package dev.tenon.distribution;

import java.util.List;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Explains command lines that do not parse. */
final class Misspelling {
  private Misspelling() {}

  static String explain(ParameterException e) {
    String help = "; see " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help";
    if (e instanceof UnmatchedArgumentException unmatched) {
      String given = unmatched.getUnmatched().getFirst();
      String name = given.contains("=") ? given.substring(0, given.indexOf('=')) : given;
      List<String> near =
          e.getCommandLine().getCommandSpec().options().stream()
              .filter(option -> !option.hidden())
              .flatMap(option -> List.of(option.names()).stream())
              .filter(option -> distance(option, name) <= Math.max(2, name.length() / 4))
              .sorted((a, b) -> Integer.compare(distance(a, name), distance(b, name)))
              .limit(2)
              .toList();
      return (name.startsWith("-") ? "unknown flag " : "unexpected argument ")
          + name
          + (near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?")
          + help;
    }
    return e.getMessage() + help;
  }

  /** Edit distance: insertions, deletions and replacements. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
