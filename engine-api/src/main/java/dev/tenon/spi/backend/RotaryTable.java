package dev.tenon.spi.backend;

/**
 * Rotary position embedding of the first {@code 2 · frequencies.length} elements of a head, pairs
 * (i, i + frequencies.length): angle = position · frequencies[i]; cosine and sine are multiplied by
 * {@code magnitude}.
 *
 * @param frequencies radians per position
 * @param magnitude 1, or YaRN's attention factor
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record RotaryTable(float[] frequencies, float magnitude) {}
