package dev.tenon.api;

import java.util.List;
import java.util.Map;

/**
 * Counters since the engine opened, and the present load. Times in seconds.
 *
 * @param running sequences that have state on the device
 * @param waiting requests and preempted sequences that wait
 * @param pagesTotal KV pages of the pool
 * @param pagesUsed of them in use
 * @param slotsTotal sequence slots
 * @param slotsUsed of them in use
 * @param steps device steps completed
 * @param promptTokens prompt tokens processed, recomputation not counted
 * @param generationTokens tokens produced
 * @param preemptions sequences whose state was dropped to be recomputed
 * @param finished choices ended, by reason
 * @param drafts rounds of drafting that were verified
 * @param draftTokens draft tokens verified
 * @param acceptedTokens of them accepted
 * @param acceptedByPosition accepted, by position in the draft
 * @param timeToFirstToken from submission to the first token
 * @param timeBetweenTokens between consecutive tokens of a choice
 * @param endToEnd from submission to the end of a request
 * @param queueTime from submission to admission
 * @param requestPromptTokens prompt lengths
 * @param requestGenerationTokens output lengths
 */
public record EngineStatistics(
    int running,
    int waiting,
    int pagesTotal,
    int pagesUsed,
    int slotsTotal,
    int slotsUsed,
    long steps,
    long promptTokens,
    long generationTokens,
    long preemptions,
    Map<FinishReason, Long> finished,
    long drafts,
    long draftTokens,
    long acceptedTokens,
    List<Long> acceptedByPosition,
    Histogram timeToFirstToken,
    Histogram timeBetweenTokens,
    Histogram endToEnd,
    Histogram queueTime,
    Histogram requestPromptTokens,
    Histogram requestGenerationTokens) {}
