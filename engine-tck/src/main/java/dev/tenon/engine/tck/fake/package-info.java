/**
 * A backend without numbers: it keeps slots and pages, and checks every rule of the step protocol.
 */
@NullMarked
package dev.tenon.engine.tck.fake;

import org.jspecify.annotations.NullMarked;
