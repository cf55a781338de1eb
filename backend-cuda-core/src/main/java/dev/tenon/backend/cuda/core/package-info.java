/** What the CUDA backends share: finding the driver, and the base of their providers. */
@NullMarked
package dev.tenon.backend.cuda.core;

import org.jspecify.annotations.NullMarked;
