/**
 * What survives the daemon: servers and events, stored together. {@code SqliteStore} is the real one; whoever owns a server's state
 * (supervise) is the only writer.
 */
@NullMarked
package io.connectctl.manager.store;

import org.jspecify.annotations.NullMarked;
