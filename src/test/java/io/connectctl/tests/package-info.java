/**
 * Tests that cross modules: the house's rules, and connectctl from outside with real Spark Connect servers.
 */
@NullMarked
package io.connectctl.tests;

import org.jspecify.annotations.NullMarked;
