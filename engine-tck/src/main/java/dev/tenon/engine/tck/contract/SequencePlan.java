package dev.tenon.engine.tck.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * What a sequence does in a contract's run. Its outputs are forced: every token drawn is {@code
 * output}, so both backends see the same tokens whatever their rounding.
 *
 * @param prompt its prompt
 * @param chunks rows of each prompt step; their sum is the prompt's length
 * @param drafts per decode step, the drafts given by the host; those equal to {@code output} up to
 *     the first that differs are accepted
 * @param output the only id that may be drawn
 */
public record SequencePlan(
    List<Integer> prompt, List<Integer> chunks, List<int[]> drafts, int output) {
  /** Copies the lists. */
  public SequencePlan {
    prompt = List.copyOf(prompt);
    chunks = List.copyOf(chunks);
    drafts = List.copyOf(drafts);
  }

  /** A prompt in random chunks, then plain decode steps. */
  public static SequencePlan random(Random random, int vocabulary, int length, int decodes) {
    List<Integer> prompt = random.ints(length, 0, vocabulary).boxed().toList();
    List<Integer> chunks = new ArrayList<>();
    int left = length;
    while (left > 0) {
      int rows = Math.min(left, 1 + random.nextInt(Math.max(1, length)));
      chunks.add(rows);
      left -= rows;
    }
    List<int[]> drafts = Stream.generate(() -> new int[0]).limit(decodes).toList();
    return new SequencePlan(prompt, chunks, drafts, random.nextInt(vocabulary));
  }

  /** The same sequence with other chunks. */
  public SequencePlan chunked(List<Integer> rows) {
    return new SequencePlan(prompt, rows, drafts, output);
  }

  /** The same sequence with other drafts. */
  public SequencePlan drafted(List<int[]> given) {
    return new SequencePlan(prompt, chunks, given, output);
  }

  /** Steps of the sequence. */
  int steps() {
    return chunks.size() + drafts.size();
  }

  /** Tokens that a decode step emits. */
  int emitted(int decode) {
    int count = 1;
    for (int draft : drafts.get(decode)) {
      if (draft != output) {
        break;
      }
      count++;
    }
    return count;
  }
}
