package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.RankPlacement;
import dev.tenon.spi.model.ModelProperties;
import java.util.function.IntToLongFunction;

/**
 * What a memory plan is made from. All bytes are those of the rank that needs or has worst.
 *
 * @param config as the user gave it
 * @param model its sizes
 * @param capabilities the backend's defaults
 * @param placement ranks that are threads share the host's memory with all else; ranks that are
 *     processes have a device each, which they fill
 * @param draftTokens most drafts per sequence and step
 * @param available bytes that the backend may take
 * @param weightBytes bytes of weights that count against them
 * @param stepNeeds what steps take
 * @param bytesPerPage of a KV page, by tokens per page
 * @param bytesPerSlot of a sequence slot, by longest sequence
 */
record PoolRequest(
    EngineConfig config,
    ModelProperties model,
    BackendCapabilities capabilities,
    RankPlacement placement,
    int draftTokens,
    long available,
    long weightBytes,
    StepNeeds stepNeeds,
    IntToLongFunction bytesPerPage,
    IntToLongFunction bytesPerSlot) {}
