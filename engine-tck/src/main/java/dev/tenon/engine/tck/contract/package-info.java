/**
 * What every backend's operations must compute: subclasses name a backend, the contracts test it.
 */
@NullMarked
package dev.tenon.engine.tck.contract;

import org.jspecify.annotations.NullMarked;
