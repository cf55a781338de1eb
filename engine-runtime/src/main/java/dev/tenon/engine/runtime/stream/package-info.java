/** What reaches the readers of streams, and how it becomes text. */
@NullMarked
package dev.tenon.engine.runtime.stream;

import org.jspecify.annotations.NullMarked;
