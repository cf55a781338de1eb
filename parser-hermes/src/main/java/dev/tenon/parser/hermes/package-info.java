/**
 * Tool calls as {@code <tool_call>{"name": …, "arguments": …}</tool_call>}, read as they arrive.
 */
@NullMarked
package dev.tenon.parser.hermes;

import org.jspecify.annotations.NullMarked;
