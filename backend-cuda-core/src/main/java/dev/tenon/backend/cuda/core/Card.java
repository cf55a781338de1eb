package dev.tenon.backend.cuda.core;

/**
 * A GPU that the driver sees.
 *
 * @param index its index
 * @param name its name
 * @param capability compute capability times ten: 90 is 9.0
 * @param multiprocessors their number
 * @param memory bytes
 */
record Card(int index, String name, int capability, int multiprocessors, long memory) {
  /** One line for people. */
  String description() {
    return "%s, %d GB, compute capability %d.%d"
        .formatted(name, memory / 1_000_000_000, capability / 10, capability % 10);
  }
}
