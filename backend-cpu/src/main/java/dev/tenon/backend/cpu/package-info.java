/**
 * The CPU backend: plumbing of steps, slots and pools, and kernels in a scalar and a vector form.
 */
@NullMarked
package dev.tenon.backend.cpu;

import org.jspecify.annotations.NullMarked;
