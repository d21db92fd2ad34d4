/**
 * Who holds which throwaway server until when: one pure step from ledger and input to ledger and effects, like the lifecycle's.
 * No clock, no thread, no I/O; {@code manager.supervise} runs it.
 */
@NullMarked
package io.connectctl.manager.lease;

import org.jspecify.annotations.NullMarked;
