/** Finding a checkpoint on this machine, and reading what it says about itself. */
@NullMarked
package dev.tenon.engine.runtime.checkpoint;

import org.jspecify.annotations.NullMarked;
