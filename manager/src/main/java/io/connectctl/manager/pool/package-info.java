/**
 * How many spare servers a pool should have, and which of them go: pure arithmetic over values, run by {@code manager.lease}.
 */
@NullMarked
package io.connectctl.manager.pool;

import org.jspecify.annotations.NullMarked;
