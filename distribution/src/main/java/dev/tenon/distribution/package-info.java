/** The {@code tenon} command. */
@NullMarked
package dev.tenon.distribution;

import org.jspecify.annotations.NullMarked;
