package dev.tenon.server.javalin;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lets requests in that carry a key. Every key is compared in full, whatever it holds. */
final class ApiKeys {
  private static final String SCHEME = "Bearer ";

  private final List<byte[]> keys;

  ApiKeys(List<String> keys) {
    this.keys = keys.stream().map(key -> key.getBytes(StandardCharsets.UTF_8)).toList();
  }

  /** Throws unless the {@code Authorization} header holds one of the keys, or none is needed. */
  void check(@Nullable String authorization) {
    if (keys.isEmpty()) {
      return;
    }
    boolean bearer =
        authorization != null && authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    byte[] given =
        authorization != null && bearer
            ? authorization.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8)
            : new byte[0];
    boolean known = false;
    for (byte[] key : keys) {
      known |= MessageDigest.isEqual(key, given);
    }
    if (!known) {
      throw new HttpError(
          401,
          "invalid_api_key",
          null,
          bearer
              ? "the API key is not one of this server's"
              : "an API key is needed: send the header Authorization: Bearer KEY");
    }
  }
}
