package dev.tenon.distribution.bench;

/**
 * The load to put on a server.
 *
 * @param model name to send
 * @param endpoint path of the API, e.g. {@code /v1/completions}
 * @param requests how many
 * @param inputTokens length of a prompt
 * @param outputTokens most tokens of an answer
 * @param rangeRatio lengths vary evenly by this share to either side; 0 to below 1
 * @param maxConcurrency requests that run at once at most; 0 for any number
 * @param requestRate arrivals a second; infinite for all at once
 * @param burstiness shape of the gaps between arrivals: 1 for Poisson arrivals, less for bursts
 * @param seed of prompts, lengths and arrivals
 * @param end whether an answer may end by itself
 * @param temperature of sampling
 * @param vocabulary prompts are of ids below it
 * @param warmups requests that are sent before and not measured
 */
public record LoadPlan(
    String model,
    String endpoint,
    int requests,
    int inputTokens,
    int outputTokens,
    double rangeRatio,
    int maxConcurrency,
    double requestRate,
    double burstiness,
    long seed,
    AnswerEnd end,
    double temperature,
    int vocabulary,
    int warmups) {
  private static final String CHAT = "/chat/completions";

  /** Whether an answer may end before its most tokens. */
  public enum AnswerEnd {
    BY_ITSELF,
    BY_LENGTH
  }

  /** Whether prompts are sent as the messages of a chat. */
  boolean isChat() {
    return endpoint.endsWith(CHAT);
  }
}
