package dev.tenon.spi.backend;

/**
 * A set of rows (tokens of sequences with their ids, positions, slots and pages) that operations
 * work on, behind a backend's own form.
 */
public interface Rows {}
