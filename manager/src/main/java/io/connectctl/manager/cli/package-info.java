/**
 * The command line: one class a command, named after it. Speaks to the daemon through the client only.
 */
@NullMarked
package io.connectctl.manager.cli;

import org.jspecify.annotations.NullMarked;
