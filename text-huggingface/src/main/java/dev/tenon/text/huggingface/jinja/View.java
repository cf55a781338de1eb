package dev.tenon.text.huggingface.jinja;

import java.util.List;

/**
 * A dictionary's keys, values or items: has a length, but no positions.
 *
 * @param kind {@code dict_keys}, {@code dict_values} or {@code dict_items}
 * @param items its elements in order
 */
record View(String kind, List<Object> items) {}
