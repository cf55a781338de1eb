/** Tokenizers and chat templates of checkpoints in Hugging Face's form. */
@NullMarked
package dev.tenon.text.huggingface;

import org.jspecify.annotations.NullMarked;
