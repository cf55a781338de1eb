package dev.tenon.engine.runtime.step;

import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.speculation.Speculator;
import org.jspecify.annotations.Nullable;

/**
 * One rank of this process, ready to run steps: weights are packed, pools are allocated.
 *
 * @param backend its device
 * @param model its share of the model
 * @param states its pools
 * @param speculator its drafter, or {@code null} without speculation; one that drafts on the host
 *     is asked on the first rank only
 */
public record Rank(
    Backend backend, BoundModel model, StateView states, @Nullable Speculator speculator) {}
