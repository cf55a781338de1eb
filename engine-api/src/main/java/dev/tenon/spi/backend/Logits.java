package dev.tenon.spi.backend;

/** Logits {@code [selected rows, vocabulary]} in f32, whole on every rank. */
public interface Logits {}
