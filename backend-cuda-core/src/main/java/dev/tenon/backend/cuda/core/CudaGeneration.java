package dev.tenon.backend.cuda.core;

import java.util.function.IntUnaryOperator;

/**
 * The cards that a backend is for.
 *
 * @param cards their names, for people
 * @param target what its kernels are compiled for, e.g. {@code sm_90a}: part of their library's
 *     name
 * @param score by compute capability times ten (90 is 9.0): how well it suits a card, 0 if it does
 *     not run there
 */
public record CudaGeneration(String cards, String target, IntUnaryOperator score) {}
