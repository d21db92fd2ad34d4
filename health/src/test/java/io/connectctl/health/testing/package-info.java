/**
 * Scripted servers that answer as Spark Connect and Spark's UI do, each in the ways that were seen on real ones.
 */
@NullMarked
package io.connectctl.health.testing;

import org.jspecify.annotations.NullMarked;
