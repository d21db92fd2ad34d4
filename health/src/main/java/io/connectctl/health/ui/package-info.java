/**
 * What a Spark application's own UI says of itself: identity, executors, memory, sessions and running requests. Read only.
 */
@NullMarked
package io.connectctl.health.ui;

import org.jspecify.annotations.NullMarked;
