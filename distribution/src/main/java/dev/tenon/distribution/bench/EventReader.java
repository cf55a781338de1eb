package dev.tenon.distribution.bench;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Times the events of a streamed answer. An event is searched for a few keys instead of parsed:
 * with hundreds of streams the client must cost next to nothing beside the server. A key inside a
 * text cannot be mistaken for one, since its quotes are escaped there.
 */
final class EventReader {
  private static final byte[] DATA = ascii("data:");
  private static final byte[] DONE = ascii("[DONE]");
  private static final byte[] CHOICES = ascii("\"choices\"");
  private static final byte[] USAGE = ascii("\"usage\"");
  private static final byte[] FINISH = ascii("\"finish_reason\"");
  private static final byte[] TEXT = ascii("\"text\"");
  private static final byte[] DELTA = ascii("\"delta\"");
  private static final byte[] ERROR = ascii("{\"error\"");
  private static final byte[] OBJECT_ERROR = ascii("{\"object\":\"error\"");
  private static final int FIRST_LINE_BYTES = 1024;

  private byte[] line = new byte[FIRST_LINE_BYTES];
  private int length;
  private long[] times = new long[16];
  private int chunks;
  private long promptTokens = -1;
  private long outputTokens = -1;
  private String failure = "";
  private boolean done;

  /** Takes bytes that arrived at a time, {@link System#nanoTime}; the number of new chunks. */
  int take(byte[] bytes, int count, long now) {
    int before = chunks;
    for (int from = 0; from < count; ) {
      int end = from;
      while (end < count && bytes[end] != '\n') {
        end++;
      }
      if (length + end - from > line.length) {
        line = Arrays.copyOf(line, Math.max(2 * line.length, length + end - from));
      }
      System.arraycopy(bytes, from, line, length, end - from);
      length += end - from;
      if (end < count) {
        event(now);
        length = 0;
      }
      from = end + 1;
    }
    return chunks - before;
  }

  private void event(long now) {
    if (!startsWith(DATA, 0)) {
      return;
    }
    int start = skipBlanks(DATA.length);
    if (startsWith(DONE, start)) {
      done = true;
    } else if (startsWith(ERROR, start) || startsWith(OBJECT_ERROR, start)) {
      failure = new String(line, start, length - start, StandardCharsets.UTF_8).strip();
    } else {
      int choices = value(CHOICES, start);
      if (choices >= 0 && is('{', skipBlanks(choices + 1)) && !onlyEnds(choices)) {
        add(now);
      }
      int usage = value(USAGE, start);
      if (is('{', usage)) {
        readUsage(start);
      }
    }
  }

  /** Whether a choice says that it has ended and brings no token. */
  private boolean onlyEnds(int choices) {
    if (!is('"', value(FINISH, choices))) {
      return false;
    }
    int text = value(TEXT, choices);
    int delta = value(DELTA, choices);
    return text >= 0 ? is('"', text + 1) : delta >= 0 && is('}', skipBlanks(delta + 1));
  }

  private void readUsage(int start) {
    try {
      JsonNode usage = JsonMapper.shared().readTree(line, start, length - start).path("usage");
      promptTokens = usage.path("prompt_tokens").asLong(promptTokens);
      outputTokens = usage.path("completion_tokens").asLong(outputTokens);
    } catch (JacksonException e) {
      failure = "an event is not JSON: " + e.getOriginalMessage();
    }
  }

  private void add(long now) {
    if (chunks == times.length) {
      times = Arrays.copyOf(times, 2 * chunks);
    }
    times[chunks++] = now;
  }

  /** Where the value of a key begins, or −1. */
  private int value(byte[] key, int from) {
    for (int i = from; i + key.length <= length; i++) {
      if (line[i] == '"' && startsWith(key, i)) {
        int colon = skipBlanks(i + key.length);
        if (is(':', colon)) {
          return skipBlanks(colon + 1);
        }
      }
    }
    return -1;
  }

  private boolean is(char wanted, int at) {
    return at >= 0 && at < length && line[at] == wanted;
  }

  private boolean startsWith(byte[] wanted, int from) {
    return from + wanted.length <= length
        && Arrays.equals(line, from, from + wanted.length, wanted, 0, wanted.length);
  }

  private int skipBlanks(int from) {
    int at = from;
    while (at < length && line[at] == ' ') {
      at++;
    }
    return at;
  }

  /** Arrival of each chunk that brought tokens. */
  long[] times() {
    return Arrays.copyOf(times, chunks);
  }

  /** Tokens of the prompt as the server counted them, or −1. */
  long promptTokens() {
    return promptTokens;
  }

  /** Tokens of the output as the server counted them, or −1. */
  long outputTokens() {
    return outputTokens;
  }

  /** What the server reported as an error; empty for none. */
  String failure() {
    return failure;
  }

  /** Whether the stream said that it is complete. */
  boolean isDone() {
    return done;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
