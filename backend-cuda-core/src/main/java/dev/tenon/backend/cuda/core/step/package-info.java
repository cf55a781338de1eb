/** What passes between the host and the device with each step. */
@NullMarked
package dev.tenon.backend.cuda.core.step;

import org.jspecify.annotations.NullMarked;
