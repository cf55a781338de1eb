package dev.tenon.api;

/**
 * Told how far the opening of an engine has come. Called from the opening thread; must be quick.
 */
@FunctionalInterface
public interface LoadProgress {
  /** Ignores everything. */
  LoadProgress SILENT = (stage, done, total) -> {};

  /**
   * Progress was made.
   *
   * @param stage what is being done, for people, e.g. {@code "weights"}
   * @param doneBytes bytes handled of this stage
   * @param totalBytes bytes of this stage, or 0 where unknown
   */
  void progress(String stage, long doneBytes, long totalBytes);
}
