package dev.tenon.text.huggingface;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The alphabet of byte-level vocabularies: printable Latin-1 characters stand for the byte of their
 * code, and the characters from U+0100 on for the other bytes in order.
 */
final class ByteAlphabet {
  private static final int NONE = -1;
  private static final int[] BYTE_OF = byteOf();

  private ByteAlphabet() {}

  private static int[] byteOf() {
    int[] byteOf = new int[0x100 + 0x44];
    Arrays.fill(byteOf, NONE);
    int next = 0x100;
    for (int octet = 0; octet < 0x100; octet++) {
      byteOf[isPrintable(octet) ? octet : next++] = octet;
    }
    return byteOf;
  }

  private static boolean isPrintable(int octet) {
    return (octet >= '!' && octet <= '~')
        || (octet >= 0xa1 && octet <= 0xac)
        || (octet >= 0xae && octet <= 0xff);
  }

  /**
   * The bytes of a token. A token with a character outside the alphabet stands for its own UTF-8
   * text, as added tokens may.
   */
  static byte[] bytes(String token) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      char character = token.charAt(i);
      int octet = character < BYTE_OF.length ? BYTE_OF[character] : NONE;
      if (octet == NONE) {
        return token.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) octet;
    }
    return bytes;
  }
}
