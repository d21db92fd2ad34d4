package io.connectctl.manager.lifecycle;

import java.time.Duration;

/**
 * When something must happen about probing.
 *
 * @param due moment on the boot clock
 * @param asked false: the next probe starts then; true: one is under way and counts as lost then
 */
public record ProbeClock(Duration due, boolean asked) {}
