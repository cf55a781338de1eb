/** The Qwen3-Next family. */
@NullMarked
package dev.tenon.model.qwen3next;

import org.jspecify.annotations.NullMarked;
