/**
 * What a server should be: the declaration, its parts as checked values, and every problem of a declaration at once, with its place and a suggestion.
 */
@NullMarked
package io.connectctl.compose.spec;

import org.jspecify.annotations.NullMarked;
