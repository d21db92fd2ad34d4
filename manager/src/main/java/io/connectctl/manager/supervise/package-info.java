/**
 * Runs the lifecycle of every server: the only owner of threads and time.
 */
@NullMarked
package io.connectctl.manager.supervise;

import org.jspecify.annotations.NullMarked;
