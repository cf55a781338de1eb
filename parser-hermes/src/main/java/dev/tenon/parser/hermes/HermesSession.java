package dev.tenon.parser.hermes;

import dev.tenon.spi.toolcall.ToolEvent;
import dev.tenon.spi.toolcall.ToolParserSession;
import java.util.List;

/**
 * One answer. What belongs to a call is decided when the call's arguments begin:
 *
 * <ul>
 *   <li>text before the first call is content, unchanged;
 *   <li>a region between tags that is no call, or ends before its arguments began, is content with
 *       its tags, and the calls around it stand;
 *   <li>a call whose arguments have begun stands, even if the text ends within them;
 *   <li>other text after the first call, and empty regions there, are dropped: the format has no
 *       place for them.
 * </ul>
 *
 * <p>Every character is looked at once.
 */
final class HermesSession implements ToolParserSession {
  private enum Mode {
    TEXT,
    CALL,
    AFTER_CALL,
    NO_CALL
  }

  private final EventSink sink = new EventSink();
  private final TagMatcher tags = new TagMatcher();
  private final StringBuilder region = new StringBuilder();
  private Mode mode = Mode.TEXT;
  private CallReader call = new CallReader(sink, 0);
  private int calls;

  @Override
  public List<ToolEvent> feed(String text) {
    for (int i = 0; i < text.length(); i++) {
      accept(text.charAt(i));
    }
    return sink.drain();
  }

  @Override
  public List<ToolEvent> finish() {
    String held = tags.take();
    if (mode == Mode.CALL && call.started()) {
      held = "";
    }
    plain(held);
    if (mode == Mode.CALL) {
      giveUp();
    }
    return sink.drainAll();
  }

  private void accept(char character) {
    if (mode == Mode.CALL && call.insideString()) {
      plain(character);
      return;
    }
    TagMatcher.Match match = tags.feed(character);
    if (match == TagMatcher.Match.NONE) {
      plain(tags.take());
      match = character == '<' ? tags.feed(character) : match;
    }
    switch (match) {
      case NONE -> plain(character);
      case PARTIAL -> {}
      case OPENED -> opened();
      case CLOSED -> closed();
    }
  }

  private void plain(String text) {
    for (int i = 0; i < text.length(); i++) {
      plain(text.charAt(i));
    }
  }

  private void plain(char character) {
    switch (mode) {
      case TEXT -> {
        if (calls == 0) {
          sink.content(character);
        }
      }
      case NO_CALL -> sink.content(character);
      case CALL -> inCall(character);
      case AFTER_CALL -> {}
    }
  }

  private void inCall(char character) {
    boolean undecided = !call.started();
    if (undecided) {
      region.append(character);
    }
    CallReader.Progress progress = call.accept(character);
    if (undecided && call.started()) {
      calls++;
      region.setLength(0);
    }
    if (progress == CallReader.Progress.COMPLETE) {
      mode = Mode.AFTER_CALL;
    } else if (progress == CallReader.Progress.MALFORMED) {
      giveUp();
      mode = Mode.NO_CALL;
    }
  }

  /** A region that did not become a call is content, unless it is a stray tag after a call. */
  private void giveUp() {
    if (!call.started() && (calls == 0 || !regionIsBlank())) {
      sink.content(TagMatcher.OPEN);
      sink.content(region);
    }
    region.setLength(0);
  }

  private boolean regionIsBlank() {
    return region.chars().allMatch(character -> JsonText.isSpace((char) character));
  }

  private void opened() {
    // A tag directly after a tag is a repeated one, which speculative decoding has been seen to
    // produce; the second opens the region.
    if (mode == Mode.CALL && !regionIsBlank()) {
      giveUp();
    }
    mode = Mode.CALL;
    region.setLength(0);
    call = new CallReader(sink, calls);
  }

  private void closed() {
    boolean text = mode == Mode.NO_CALL || (mode == Mode.TEXT && calls == 0);
    if (mode == Mode.CALL && !call.started()) {
      text = calls == 0 || !regionIsBlank();
      giveUp();
    }
    if (text) {
      sink.content(TagMatcher.CLOSE);
    }
    mode = Mode.TEXT;
  }
}
