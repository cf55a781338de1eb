package dev.tenon.api;

/**
 * The model that an engine serves.
 *
 * @param name folder name or hub id
 * @param family id of the model plugin
 * @param root folder of the checkpoint
 * @param vocabularySize ids are 0 … vocabularySize − 1
 * @param maxModelLen longest prompt plus output, tokens
 * @param parameters number of weights, drafting head included
 * @param createdSeconds when it was loaded, seconds since 1970
 */
public record ModelCard(
    String name,
    String family,
    String root,
    int vocabularySize,
    int maxModelLen,
    long parameters,
    long createdSeconds) {}
