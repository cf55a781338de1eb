/** Drafts by a model's own multi-token-prediction head. */
@NullMarked
package dev.tenon.spec.mtp;

import org.jspecify.annotations.NullMarked;
