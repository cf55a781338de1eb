package dev.tenon.parser.hermes;

import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON object of one call as it comes. The call is announced when its name is known and
 * its arguments have begun, because from then on it cannot turn out to be plain text; arguments
 * that come first wait for the name.
 */
final class CallReader {
  /** What a character did. */
  enum Progress {
    /** The object goes on. */
    READING,
    /** The object has ended, or what follows the arguments is damaged: the call is whole. */
    COMPLETE,
    /** This is no call. */
    MALFORMED
  }

  private enum State {
    OBJECT,
    KEY,
    COLON,
    VALUE_START,
    KEY_TEXT,
    VALUE,
    AFTER_VALUE
  }

  private final EventSink sink;
  private final int index;
  private final ValueScanner scanner = new ValueScanner();
  private final StringBuilder buffer = new StringBuilder();
  private State state = State.OBJECT;
  private Field field = Field.OTHER;
  private @Nullable String name;
  private @Nullable String waitingArguments;
  private boolean argumentsSeen;
  private boolean streaming;
  private boolean started;

  private enum Field {
    NAME,
    ARGUMENTS,
    OTHER
  }

  CallReader(EventSink sink, int index) {
    this.sink = sink;
    this.index = index;
  }

  /** Whether the call was announced; its characters are then no longer plain text. */
  boolean started() {
    return started;
  }

  /** Whether the next character belongs to a string, where tags are text. */
  boolean insideString() {
    return (state == State.KEY_TEXT || state == State.VALUE) && scanner.insideString();
  }

  Progress accept(char character) {
    if (state == State.KEY_TEXT || state == State.VALUE) {
      return inValue(character);
    }
    if (JsonText.isSpace(character)) {
      return Progress.READING;
    }
    return switch (state) {
      case OBJECT -> character == '{' ? goTo(State.KEY) : broken();
      case KEY -> atKey(character);
      case COLON -> character == ':' ? goTo(State.VALUE_START) : broken();
      case VALUE_START -> atValue(character);
      case AFTER_VALUE -> afterValue(character);
      case KEY_TEXT, VALUE -> throw new IllegalStateException();
    };
  }

  private Progress goTo(State next) {
    state = next;
    return Progress.READING;
  }

  private Progress broken() {
    return started ? Progress.COMPLETE : Progress.MALFORMED;
  }

  private Progress atKey(char character) {
    if (character == '}') {
      return end();
    }
    if (character != '"') {
      return broken();
    }
    return begin(character, State.KEY_TEXT);
  }

  private Progress begin(char first, State next) {
    if (!scanner.start(first)) {
      return broken();
    }
    buffer.setLength(0);
    state = next;
    keep(first);
    return Progress.READING;
  }

  private Progress atValue(char first) {
    boolean nested = first == '{' || first == '[';
    if (field == Field.NAME && first != '"') {
      return broken();
    }
    if (field == Field.ARGUMENTS && nested && name != null) {
      announce(name);
      streaming = true;
    }
    return begin(first, State.VALUE);
  }

  private Progress inValue(char character) {
    String text = scanner.insideString() ? JsonText.inString(character) : String.valueOf(character);
    switch (scanner.accept(character)) {
      case INSIDE -> {
        keep(text);
        return Progress.READING;
      }
      case LAST -> {
        keep(text);
        return endOfValue();
      }
      case BEFORE -> {
        Progress progress = character == '<' ? broken() : endOfValue();
        return progress == Progress.READING ? accept(character) : progress;
      }
    }
    throw new IllegalStateException();
  }

  private void keep(char character) {
    keep(String.valueOf(character));
  }

  private void keep(String text) {
    if (streaming) {
      sink.arguments(index, text);
    } else {
      buffer.append(text);
    }
  }

  private Progress endOfValue() {
    String text = buffer.toString();
    if (state == State.KEY_TEXT) {
      field = fieldOf(JsonText.decode(text));
      return goTo(State.COLON);
    }
    state = State.AFTER_VALUE;
    if (streaming) {
      streaming = false;
      return Progress.READING;
    }
    if (field == Field.NAME) {
      name = JsonText.decode(text);
      return name.isEmpty() ? broken() : announceIfKnown();
    }
    if (field == Field.ARGUMENTS) {
      if (!JsonText.isValue(text)) {
        return broken();
      }
      waitingArguments = JsonText.normalised(text);
      return announceIfKnown();
    }
    return Progress.READING;
  }

  /** First come, first kept: what has been streamed cannot be replaced. */
  private Field fieldOf(String key) {
    if (key.equals("name") && name == null) {
      return Field.NAME;
    }
    if ((key.equals("arguments") || key.equals("parameters")) && !argumentsSeen) {
      argumentsSeen = true;
      return Field.ARGUMENTS;
    }
    return Field.OTHER;
  }

  private Progress afterValue(char character) {
    return switch (character) {
      case ',' -> goTo(State.KEY);
      case '}' -> end();
      default -> broken();
    };
  }

  private Progress end() {
    if (name != null && !started) {
      announce(name);
      sink.arguments(index, "{}");
    }
    return broken();
  }

  private Progress announceIfKnown() {
    if (name != null && waitingArguments != null) {
      announce(name);
      sink.arguments(index, waitingArguments);
    }
    return Progress.READING;
  }

  private void announce(String known) {
    started = true;
    sink.callStarted(index, known);
  }
}
