/** A backend that computes nothing: it writes down what is issued and checks that it fits. */
@NullMarked
package dev.tenon.engine.tck.recording;

import org.jspecify.annotations.NullMarked;
