/** Text to token ids and back, and conversations to prompts. */
@NullMarked
package dev.tenon.spi.text;

import org.jspecify.annotations.NullMarked;
