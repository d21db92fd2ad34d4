/**
 * The little that probes need of plain TCP, with bounds the JDK's own clients don't keep. For {@code io.connectctl.health} and its packages only.
 */
@NullMarked
package io.connectctl.health.wire;

import org.jspecify.annotations.NullMarked;
