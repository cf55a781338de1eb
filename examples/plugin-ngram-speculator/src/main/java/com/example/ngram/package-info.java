/** Drafts what followed the last words where they stood before. */
@NullMarked
package com.example.ngram;

import org.jspecify.annotations.NullMarked;
