/** What users of the engine call: open an engine, submit requests, read streams of events. */
@NullMarked
package dev.tenon.api;

import org.jspecify.annotations.NullMarked;
