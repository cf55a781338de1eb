/** Serves an engine over HTTP as OpenAI's API and vLLM's additions to it. */
@NullMarked
package dev.tenon.server.javalin;

import org.jspecify.annotations.NullMarked;
