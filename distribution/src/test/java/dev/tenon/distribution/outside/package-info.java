/** Tests that look at the built project from outside: its image, its modules, its files. */
@NullMarked
package dev.tenon.distribution.outside;

import org.jspecify.annotations.NullMarked;
