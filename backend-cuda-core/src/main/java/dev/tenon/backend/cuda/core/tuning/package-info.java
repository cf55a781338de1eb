/** Tuned tile parameters of the mixture's kernels: their files, and which applies when. */
@NullMarked
package dev.tenon.backend.cuda.core.tuning;

import org.jspecify.annotations.NullMarked;
