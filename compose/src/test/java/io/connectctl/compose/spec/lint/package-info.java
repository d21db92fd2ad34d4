@NullMarked
package io.connectctl.compose.spec.lint;

import org.jspecify.annotations.NullMarked;
