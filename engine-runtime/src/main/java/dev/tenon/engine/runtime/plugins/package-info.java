/** The plugins that are installed: on the module path, on the class path and in a plugin folder. */
@NullMarked
package dev.tenon.engine.runtime.plugins;

import org.jspecify.annotations.NullMarked;
