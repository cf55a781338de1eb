package dev.tenon.api;

/**
 * One installed plugin.
 *
 * @param kind {@code backend}, {@code model}, {@code speculator} or {@code tool-parser}
 * @param id its stable id
 * @param location jar or folder that it was found in
 * @param state score or reason, for people
 * @param selection whether the engine would choose it on this machine
 */
public record PluginReport(
    String kind, String id, String location, String state, Selection selection) {
  /** What the engine would do with a plugin. */
  public enum Selection {
    /** Taken unless the configuration names another. */
    CHOSEN,
    /** Usable when named, or when a checkpoint or a request asks for it. */
    AVAILABLE,
    /** Not usable here; the state says why. */
    UNUSABLE
  }
}
