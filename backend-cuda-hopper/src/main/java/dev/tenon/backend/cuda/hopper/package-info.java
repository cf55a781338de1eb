/** The CUDA backend for Hopper cards. */
@NullMarked
package dev.tenon.backend.cuda.hopper;

import org.jspecify.annotations.NullMarked;
