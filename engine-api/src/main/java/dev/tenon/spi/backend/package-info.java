/** Hardware backends: memory, weights, state pools, fused operations and recorded steps. */
@NullMarked
package dev.tenon.spi.backend;

import org.jspecify.annotations.NullMarked;
