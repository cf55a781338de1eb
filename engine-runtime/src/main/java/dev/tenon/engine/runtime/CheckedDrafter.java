package dev.tenon.engine.runtime;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.scheduler.HostDrafter;
import dev.tenon.engine.runtime.scheduler.Sequence;
import dev.tenon.spi.speculation.Speculator;

/**
 * Asks a plugin for drafts, and lets nothing past that a device could not process.
 *
 * @param speculator the plugin
 * @param vocabularySize ids that the model has embeddings for
 */
record CheckedDrafter(Speculator.OnHost speculator, int vocabularySize) implements HostDrafter {
  @Override
  public int[] draft(Sequence sequence, int most) {
    int[] drafts = speculator.propose(sequence.history(), sequence.length(), most);
    if (drafts.length > most) {
      throw broken("proposed %d drafts, at most %d were asked for".formatted(drafts.length, most));
    }
    for (int draft : drafts) {
      if (draft < 0 || draft >= vocabularySize) {
        throw broken("drafted id %d; ids are 0 to %d".formatted(draft, vocabularySize - 1));
      }
    }
    return drafts;
  }

  private TenonException broken(String what) {
    return new TenonException(
        ErrorCode.INTERNAL, "speculator " + speculator.getClass().getName() + " " + what);
  }
}
