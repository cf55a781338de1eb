package dev.tenon.distribution.bench;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import javax.net.ssl.SSLSocketFactory;

/**
 * The server that is measured.
 *
 * @param host name or address
 * @param port its port
 * @param transport how it is spoken to
 * @param prefix path in front of every endpoint; empty or {@code /…}
 * @param apiKey key to send; empty for none
 */
public record Target(String host, int port, Transport transport, String prefix, String apiKey) {
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;

  /** How a server is spoken to. */
  public enum Transport {
    PLAIN,
    TLS
  }

  /**
   * Reads an address such as {@code http://127.0.0.1:8000}.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static Target of(String address, String apiKey) {
    URI uri = URI.create(address);
    String scheme = String.valueOf(uri.getScheme());
    boolean secure = scheme.equals("https");
    if (uri.getHost() == null || !(secure || scheme.equals("http"))) {
      throw new IllegalArgumentException(address + " is no http or https address");
    }
    int usual = secure ? HTTPS_PORT : HTTP_PORT;
    String path = uri.getPath();
    return new Target(
        uri.getHost(),
        uri.getPort() < 0 ? usual : uri.getPort(),
        secure ? Transport.TLS : Transport.PLAIN,
        path.endsWith("/") ? path.substring(0, path.length() - 1) : path,
        apiKey);
  }

  Socket connect() throws IOException {
    Socket socket =
        switch (transport) {
          case PLAIN -> new Socket(host, port);
          case TLS -> SSLSocketFactory.getDefault().createSocket(host, port);
        };
    socket.setTcpNoDelay(true);
    return socket;
  }
}
