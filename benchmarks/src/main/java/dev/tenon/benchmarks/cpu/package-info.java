/** Speeds of the CPU backend's operations, beside the machine's limits measured in the same run. */
@NullMarked
package dev.tenon.benchmarks.cpu;

import org.jspecify.annotations.NullMarked;
