/** Ranks that are processes of their own: starting them, talking to them, ending them. */
@NullMarked
package dev.tenon.engine.runtime.ranks;

import org.jspecify.annotations.NullMarked;
