package dev.tenon.spi.backend;

/**
 * A sequence takes over a slot: position 0, states zero, nothing pending.
 *
 * @param slot the slot
 * @param sampling how its tokens are drawn
 * @param tokens the prompt, and after a preemption the tokens output before; not copied, not
 *     changed by anyone
 * @param promptLength how many of them are the prompt; the rest counts as output
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record SlotSetup(int slot, SlotSampling sampling, int[] tokens, int promptLength) {}
