/** Speculative methods: who proposes draft tokens. Acceptance is not theirs to decide. */
@NullMarked
package dev.tenon.spi.speculation;

import org.jspecify.annotations.NullMarked;
