package dev.tenon.server.javalin;

import dev.tenon.spi.Provider;
import dev.tenon.spi.toolcall.ToolEvent;
import dev.tenon.spi.toolcall.ToolParserProvider;
import dev.tenon.spi.toolcall.ToolParserSession;
import java.util.ArrayList;
import java.util.List;

/** Calls are written {@code !name{arguments};}, everything else is content. */
final class FakeToolParser implements ToolParserProvider {
  @Override
  public String id() {
    return "fake";
  }

  @Override
  public int spiVersion() {
    return Provider.SPI_VERSION;
  }

  @Override
  public ToolParserSession open() {
    return new Session();
  }

  private static final class Session implements ToolParserSession {
    private StringBuilder name = new StringBuilder();
    private int index = -1;
    private boolean inName;
    private boolean inArguments;

    @Override
    public List<ToolEvent> feed(String text) {
      List<ToolEvent> events = new ArrayList<>();
      text.chars().forEach(unit -> accept((char) unit, events));
      return events;
    }

    private void accept(char unit, List<ToolEvent> events) {
      if (inArguments) {
        inArguments = unit != ';';
        if (inArguments) {
          events.add(new ToolEvent.ArgumentsDelta(index, String.valueOf(unit)));
        }
      } else if (inName && unit == '{') {
        events.add(new ToolEvent.CallStarted(++index, name.toString()));
        events.add(new ToolEvent.ArgumentsDelta(index, "{"));
        inName = false;
        inArguments = true;
      } else if (inName) {
        name.append(unit);
      } else if (unit == '!') {
        inName = true;
        name = new StringBuilder();
      } else {
        events.add(new ToolEvent.Content(String.valueOf(unit)));
      }
    }

    @Override
    public List<ToolEvent> finish() {
      return inName ? List.of(new ToolEvent.Content("!" + name)) : List.of();
    }
  }
}
