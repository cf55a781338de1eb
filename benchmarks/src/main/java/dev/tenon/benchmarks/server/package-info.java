/** What the HTTP server costs, without a model. */
@NullMarked
package dev.tenon.benchmarks.server;

import org.jspecify.annotations.NullMarked;
