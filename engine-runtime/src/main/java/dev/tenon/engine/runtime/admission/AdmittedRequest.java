package dev.tenon.engine.runtime.admission;

import dev.tenon.engine.runtime.stream.OutputStyle;
import dev.tenon.spi.backend.SlotSampling;
import java.util.List;

/**
 * A request that was checked.
 *
 * @param prompt ids
 * @param samplings one per choice
 * @param style how output becomes text
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record AdmittedRequest(int[] prompt, List<SlotSampling> samplings, OutputStyle style) {}
