package dev.tenon.api;

/**
 * What was measured of a mixture of experts for one number of rows.
 *
 * @param rows tokens that pass it at once
 * @param candidates sets of parameters that were tried
 * @param usualMicros microseconds with the parameters that are taken without measurement
 * @param bestMicros microseconds with the best
 * @param best the best parameters, for people
 */
public record TunedRows(
    int rows, int candidates, double usualMicros, double bestMicros, String best) {}
