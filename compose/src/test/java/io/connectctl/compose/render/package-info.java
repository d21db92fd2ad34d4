/** Tests of rendering. */
@NullMarked
package io.connectctl.compose.render;

import org.jspecify.annotations.NullMarked;
