/** Load on an OpenAI-compatible server, and what became of it. */
@NullMarked
package dev.tenon.distribution.bench;

import org.jspecify.annotations.NullMarked;
