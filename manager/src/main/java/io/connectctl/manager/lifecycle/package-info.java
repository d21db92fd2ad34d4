/**
 * What happens next to a server: a pure function from state, input and time to state, events and effects. No clock, no thread, no I/O.
 */
@NullMarked
package io.connectctl.manager.lifecycle;

import org.jspecify.annotations.NullMarked;
