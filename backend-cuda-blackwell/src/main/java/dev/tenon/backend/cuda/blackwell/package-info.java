/** The CUDA backend for Blackwell cards. */
@NullMarked
package dev.tenon.backend.cuda.blackwell;

import org.jspecify.annotations.NullMarked;
