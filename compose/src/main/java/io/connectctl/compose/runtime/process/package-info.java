/**
 * Servers as plain Linux processes under a small keeper, with Spark resolved from Maven coordinates. The only user of maven-resolver.
 */
@NullMarked
package io.connectctl.compose.runtime.process;

import org.jspecify.annotations.NullMarked;
