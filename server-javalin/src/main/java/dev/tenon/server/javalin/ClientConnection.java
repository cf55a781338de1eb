package dev.tenon.server.javalin;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ConnectionMetaData;

/**
 * Whether the client of a request whose body was read to its end is still there. Jetty looks at a
 * connection again only after the answer, so a client that leaves meanwhile is seen here, by
 * reading ahead. What an impatient client sent already is given back to Jetty.
 */
final class ClientConnection {
  private final EndPoint endPoint;
  private final Connection connection;
  private boolean readable;

  ClientConnection(HttpServletRequest request) {
    ConnectionMetaData metaData =
        ServletContextRequest.getServletContextRequest(request).getConnectionMetaData();
    connection = metaData.getConnection();
    endPoint = connection.getEndPoint();
    readable =
        metaData.getHttpVersion() == HttpVersion.HTTP_1_1
            && connection instanceof Connection.UpgradeTo;
  }

  boolean gone() {
    if (!endPoint.isOpen() || endPoint.isInputShutdown()) {
      return true;
    }
    if (!readable) {
      return false;
    }
    ByteBuffer ahead = ByteBuffer.allocate(1).flip();
    try {
      int read = endPoint.fill(ahead);
      if (read > 0 && connection instanceof Connection.UpgradeTo next) {
        readable = false;
        next.onUpgradeTo(ahead);
      }
      return read < 0;
    } catch (IOException e) {
      return true;
    }
  }
}
