/**
 * Throwaway Spark Connect servers for JUnit tests: {@link io.connectctl.junit5.ConnectServer} declares one, a
 * {@link io.connectctl.junit5.ConnectServerHandle} tells where it is.
 *
 * <p>It speaks to {@code bin/connectctl} as a person does, so that a test's class path gets neither gRPC nor Jackson nor any
 * other library from here: this package uses the JDK and JUnit's own API (5.10 or newer, or 6), nothing else.
 */
@NullMarked
package io.connectctl.junit5;

import org.jspecify.annotations.NullMarked;
