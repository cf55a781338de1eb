package dev.tenon.spi.text;

import java.util.Optional;

/**
 * How a checkpoint reads and writes text.
 *
 * @param tokenizer of the checkpoint
 * @param chatTemplate of the checkpoint, if it has one
 */
public record TextSupport(Tokenizer tokenizer, Optional<ChatTemplate> chatTemplate) {}
