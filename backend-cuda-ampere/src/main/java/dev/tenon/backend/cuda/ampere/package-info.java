/** The CUDA backend for Ampere cards. */
@NullMarked
package dev.tenon.backend.cuda.ampere;

import org.jspecify.annotations.NullMarked;
