package dev.tenon.engine.runtime.plugins;

import dev.tenon.api.ErrorCode;

/**
 * A plugin, or a declaration of one, that cannot be used. It does not keep others from being used.
 *
 * @param kind of the plugin, for people; {@code folder} for a folder that could not be opened
 * @param id its id, or its class name where it got no further
 * @param location where it was found
 * @param code of the failure
 * @param reason for people
 */
record Unusable(String kind, String id, String location, ErrorCode code, String reason) {}
