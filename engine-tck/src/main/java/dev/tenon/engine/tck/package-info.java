/** What the tests of plugins and of the engine share. */
@NullMarked
package dev.tenon.engine.tck;

import org.jspecify.annotations.NullMarked;
