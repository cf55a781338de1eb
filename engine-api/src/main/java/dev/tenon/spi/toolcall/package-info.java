/** Parsers of the tool calls that a model writes into its text. */
@NullMarked
package dev.tenon.spi.toolcall;

import org.jspecify.annotations.NullMarked;
