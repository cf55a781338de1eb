/** An engine assembled from opened parts. */
@NullMarked
package dev.tenon.engine.runtime;

import org.jspecify.annotations.NullMarked;
