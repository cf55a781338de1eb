package dev.tenon.engine.runtime.ranks;

import dev.tenon.api.ErrorCode;
import dev.tenon.spi.backend.StepShape;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Messages as bytes: a mark, a letter for the kind, the length, the content. Both ends are the same
 * program, so nothing tells versions apart; the mark tells messages from what a library printed.
 * Writing and reading may go on at once; each by one thread at a time.
 */
public final class MessageStream implements AutoCloseable {
  private static final int MARK = 0x54454e4f;
  private static final int HEAD = 9;
  private static final int MOST_BYTES = 1 << 30;

  private final DataInputStream in;
  private final OutputStream out;
  private final ByteWriter writer = new ByteWriter();

  /** Over a pair of streams. */
  public MessageStream(InputStream in, OutputStream out) {
    this.in = new DataInputStream(new BufferedInputStream(in, 1 << 16));
    this.out = out;
  }

  /** Writes a message, all of it. */
  public synchronized void write(Message message) throws IOException {
    writer.clear();
    writer.integer(MARK);
    writer.octet(0);
    writer.integer(0);
    char kind = encode(message);
    ByteBuffer whole = writer.written();
    whole.put(4, (byte) kind);
    whole.putInt(5, whole.limit() - HEAD);
    out.write(whole.array(), 0, whole.limit());
    out.flush();
  }

  /**
   * Waits for a message.
   *
   * @return {@code null} if the other end is closed
   */
  public @Nullable Message read() throws IOException {
    int first = in.read();
    if (first < 0) {
      return null;
    }
    try {
      byte[] head = new byte[HEAD];
      head[0] = (byte) first;
      in.readFully(head, 1, HEAD - 1);
      ByteBuffer fields = ByteBuffer.wrap(head);
      int length = fields.getInt(5);
      if (fields.getInt(0) != MARK || length < 0 || length > MOST_BYTES) {
        throw new IOException("something else than messages came from the other process");
      }
      byte[] content = new byte[length];
      in.readFully(content);
      return decode((char) head[4], new ByteReader(ByteBuffer.wrap(content)));
    } catch (EOFException cut) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  private char encode(Message message) {
    return switch (message) {
      case Message.Start(String config, String backend, int rank, String rendezvous) -> {
        writer.text(config);
        writer.text(backend);
        writer.integer(rank);
        writer.text(rendezvous);
        yield 'S';
      }
      case Message.Opened(long availableMemory) -> {
        writer.wide(availableMemory);
        yield 'o';
      }
      case Message.Allocate(int maxLength, int pageSize, int pages, StepShape limits) -> {
        writer.integers(
            maxLength,
            pageSize,
            pages,
            limits.rows(),
            limits.sequences(),
            limits.logitRows(),
            limits.draftTokens());
        yield 'A';
      }
      case Message.Allocated ignored -> 'a';
      case Message.Capture ignored -> 'C';
      case Message.Captured ignored -> 'c';
      case Message.Launch(var batch) -> {
        BatchBytes.write(batch, writer);
        yield 'L';
      }
      case Message.End ignored -> 'E';
      case Message.Failed(ErrorCode code, String parameter, String reason) -> {
        writer.text(code.name());
        writer.text(parameter == null ? "" : parameter);
        writer.text(reason);
        yield 'f';
      }
    };
  }

  private static Message decode(char kind, ByteReader from) throws IOException {
    return switch (kind) {
      case 'S' -> new Message.Start(from.text(), from.text(), from.integer(), from.text());
      case 'o' -> new Message.Opened(from.wide());
      case 'A' -> {
        int[] values = from.integers();
        yield new Message.Allocate(
            values[0],
            values[1],
            values[2],
            new StepShape(values[3], values[4], values[5], values[6]));
      }
      case 'a' -> new Message.Allocated();
      case 'C' -> new Message.Capture();
      case 'c' -> new Message.Captured();
      case 'L' -> new Message.Launch(BatchBytes.read(from));
      case 'E' -> new Message.End();
      case 'f' -> {
        ErrorCode code = ErrorCode.valueOf(from.text());
        String parameter = from.text();
        yield new Message.Failed(code, parameter.isEmpty() ? null : parameter, from.text());
      }
      default -> throw new IOException("a message of unknown kind " + (int) kind);
    };
  }
}
