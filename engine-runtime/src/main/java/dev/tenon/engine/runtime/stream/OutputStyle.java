package dev.tenon.engine.runtime.stream;

import dev.tenon.spi.text.Tokenizer;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a request's tokens become text.
 *
 * @param tokenizer of the checkpoint; {@code null} for none, and then there is no text
 * @param specialTokens what becomes of them
 * @param stops stop texts
 * @param includeStop whether a stop text or stop token is part of the text
 * @param stopIds stop ids that the request asked for
 * @param endOfTextIds ids that end a text and are never part of it when they do
 * @param minTokens tokens before which stop texts do not count
 */
public record OutputStyle(
    @Nullable Tokenizer tokenizer,
    Tokenizer.SpecialTokens specialTokens,
    List<String> stops,
    boolean includeStop,
    Set<Integer> stopIds,
    Set<Integer> endOfTextIds,
    int minTokens) {}
