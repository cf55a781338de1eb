/** The server over the engine that serves, with the demo checkpoint. */
@NullMarked
package dev.tenon.distribution.http;

import org.jspecify.annotations.NullMarked;
