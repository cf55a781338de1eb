/** Opening an engine: everything is found and checked before anything of size is allocated. */
@NullMarked
package dev.tenon.engine.runtime.opening;

import org.jspecify.annotations.NullMarked;
