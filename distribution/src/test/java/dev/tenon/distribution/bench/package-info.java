/** Tests of the load and of what is made of its answers. */
@NullMarked
package dev.tenon.distribution.bench;

import org.jspecify.annotations.NullMarked;
