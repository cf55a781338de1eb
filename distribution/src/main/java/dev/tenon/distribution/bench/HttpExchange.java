package dev.tenon.distribution.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * One request and its answer on a connection of its own, read as it arrives: a general client adds
 * queues and threads of its own between a byte's arrival and its time stamp.
 */
final class HttpExchange implements AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 14;
  private static final int MOST_LINE_BYTES = 1 << 16;
  private static final int MOST_TEXT_BYTES = 64 << 20;
  private static final int HEX = 16;

  private final Socket socket;
  private final InputStream in;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private final int status;
  private final boolean chunked;
  private int at;
  private int filled;

  /** Bytes left of the chunk, or of the body; −1 for a body that the end of the stream ends. */
  private long left;

  private boolean ended;

  private HttpExchange(Socket socket) throws IOException {
    this.socket = socket;
    in = socket.getInputStream();
    String[] opening = line().split(" ", 3);
    status = opening.length > 1 && opening[1].matches("\\d{3}") ? Integer.parseInt(opening[1]) : 0;
    if (status == 0) {
      throw new IOException("the answer is not HTTP: " + String.join(" ", opening));
    }
    Map<String, String> headers = headers();
    chunked = headers.getOrDefault("transfer-encoding", "").equalsIgnoreCase("chunked");
    left = chunked ? 0 : Long.parseLong(headers.getOrDefault("content-length", "-1"));
    ended = !chunked && left == 0;
  }

  static HttpExchange get(Target target, String path) throws IOException {
    return send(target, "GET", path, new byte[0]);
  }

  static HttpExchange post(Target target, String path, byte[] json) throws IOException {
    return send(target, "POST", path, json);
  }

  private static HttpExchange send(Target target, String method, String path, byte[] json)
      throws IOException {
    Socket socket = target.connect();
    try {
      String head =
          method
              + " "
              + target.prefix()
              + path
              + " HTTP/1.1\r\nHost: "
              + target.host()
              + ":"
              + target.port()
              + "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: "
              + json.length
              + (target.apiKey().isEmpty() ? "" : "\r\nAuthorization: Bearer " + target.apiKey())
              + "\r\n\r\n";
      byte[] opening = head.getBytes(StandardCharsets.ISO_8859_1);
      byte[] request = new byte[opening.length + json.length];
      System.arraycopy(opening, 0, request, 0, opening.length);
      System.arraycopy(json, 0, request, opening.length, json.length);
      return write(socket, request);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** A server may refuse before it has read all, and says why in its answer. */
  private static HttpExchange write(Socket socket, byte[] request) throws IOException {
    try {
      OutputStream out = socket.getOutputStream();
      out.write(request);
      out.flush();
    } catch (IOException e) {
      try {
        return new HttpExchange(socket);
      } catch (IOException none) {
        e.addSuppressed(none);
        throw e;
      }
    }
    return new HttpExchange(socket);
  }

  int status() {
    return status;
  }

  /** Waits for bytes of the body; their number, or −1 after the last. */
  int read(byte[] into) throws IOException {
    if (chunked && left == 0 && !ended) {
      openChunk();
    }
    if (ended) {
      return -1;
    }
    if (at == filled && !fill()) {
      if (left < 0) {
        ended = true;
        return -1;
      }
      throw new EOFException("the connection was closed within the answer");
    }
    int count = Math.min(filled - at, into.length);
    if (left >= 0) {
      count = (int) Math.min(count, left);
      left -= count;
    }
    System.arraycopy(buffer, at, into, 0, count);
    at += count;
    if (left == 0) {
      if (chunked) {
        line();
      } else {
        ended = true;
      }
    }
    return count;
  }

  /** The whole body. */
  String text() throws IOException {
    StringBuilder text = new StringBuilder();
    byte[] bytes = new byte[BUFFER_BYTES];
    for (int read = read(bytes); read >= 0 && text.length() < MOST_TEXT_BYTES; read = read(bytes)) {
      // One char a byte until all is there, so that no character is cut.
      text.append(new String(bytes, 0, read, StandardCharsets.ISO_8859_1));
    }
    return new String(
        text.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  private void openChunk() throws IOException {
    String size = line();
    int extension = size.indexOf(';');
    left = Long.parseLong((extension < 0 ? size : size.substring(0, extension)).strip(), HEX);
    if (left == 0) {
      headers();
      ended = true;
    }
  }

  private Map<String, String> headers() throws IOException {
    Map<String, String> headers = new HashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
    }
    return headers;
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.length() < MOST_LINE_BYTES) {
      if (at == filled && !fill()) {
        throw new EOFException("the connection was closed before the answer");
      }
      char next = (char) (buffer[at++] & 0xFF);
      if (next == '\n') {
        return line.toString();
      }
      if (next != '\r') {
        line.append(next);
      }
    }
    throw new IOException("the answer has a line of more than " + MOST_LINE_BYTES + " bytes");
  }

  private boolean fill() throws IOException {
    at = 0;
    filled = Math.max(0, in.read(buffer));
    return filled > 0;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
