package dev.tenon.engine.runtime;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.ModelCard;
import dev.tenon.engine.runtime.ranks.Followers;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.text.TextSupport;
import dev.tenon.spi.toolcall.ToolParserProvider;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What an engine consists of once everything was found, checked, loaded and allocated.
 *
 * @param config as the user gave it; what it left open is decided in the other parts
 * @param card of the model, for users
 * @param properties of the model
 * @param text tokenizer and template, if the checkpoint has a tokenizer
 * @param ranks those of this process, in rank order, at least one
 * @param followers ranks in other processes
 * @param plan the pools that every rank allocated
 * @param limits most rows, sequences and logit rows of a step, and drafts per sequence; {@link
 *     StepLimits} derives them
 * @param toolParsers an installed tool-call parser by id; throws {@code PLUGIN_NOT_FOUND}
 * @param description what was decided at start, for people, one line each
 * @param resources closes backends, then weight files; closing twice is harmless
 */
public record EngineParts(
    EngineConfig config,
    ModelCard card,
    ModelProperties properties,
    Optional<TextSupport> text,
    List<Rank> ranks,
    Followers followers,
    StatePlan plan,
    StepShape limits,
    Function<String, ToolParserProvider> toolParsers,
    List<String> description,
    Runnable resources) {
  /** Copies the lists. */
  public EngineParts {
    ranks = List.copyOf(ranks);
    description = List.copyOf(description);
  }
}
