package io.connectctl.compose.runtime;

import java.time.Duration;

/**
 * What an instance uses.
 *
 * @param residentBytes resident memory
 * @param cpu CPU time since its start
 * @param threads threads
 * @param openFiles open file descriptors
 */
public record Usage(long residentBytes, Duration cpu, int threads, int openFiles) {}
