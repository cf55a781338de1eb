/** JSON as the plain values that the engine's API takes. */
@NullMarked
package dev.tenon.json.values;

import org.jspecify.annotations.NullMarked;
