package dev.tenon.server.javalin;

import tools.jackson.databind.node.ArrayNode;

/** Token ids as JSON. */
final class Ids {
  private Ids() {}

  static void addAll(ArrayNode list, int[] ids) {
    for (int id : ids) {
      list.add(id);
    }
  }
}
