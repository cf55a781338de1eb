/**
 * A tiny hybrid model with made-up weights, to run an engine on a real backend within milliseconds.
 */
@NullMarked
package dev.tenon.engine.tck.toy;

import org.jspecify.annotations.NullMarked;
