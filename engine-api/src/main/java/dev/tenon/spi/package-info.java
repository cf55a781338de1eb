/** What all plugins share: identity, version and probing. */
@NullMarked
package dev.tenon.spi;

import org.jspecify.annotations.NullMarked;
