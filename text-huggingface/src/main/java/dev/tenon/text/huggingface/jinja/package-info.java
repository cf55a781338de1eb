/**
 * A bounded, sandboxed interpreter of the part of the Jinja template language that chat templates
 * use, with the results of Jinja2 as Hugging Face's transformers sets it up ({@code trim_blocks},
 * {@code lstrip_blocks}, loop controls, its own {@code tojson}). Depends on nothing but the JDK.
 */
@NullMarked
package dev.tenon.text.huggingface.jinja;

import org.jspecify.annotations.NullMarked;
