package io.connectctl.compose.spec;

import java.time.Duration;

/**
 * How a server is stopped.
 *
 * @param grace from SIGTERM to SIGKILL
 * @param drain how long running operations may finish first; zero for not at all
 */
public record StopSpec(Duration grace, Duration drain) {}
