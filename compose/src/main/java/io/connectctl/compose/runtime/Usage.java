package io.connectctl.compose.runtime;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * What an instance uses.
 *
 * @param residentBytes resident memory
 * @param cpu CPU time since its start
 * @param threads threads
 * @param openFiles open file descriptors
 * @param limitBytes how far its resident memory can grow before the kernel ends it: the limit of its container or group, or what
 *     this machine has left beside it; empty where nobody knows
 */
public record Usage(long residentBytes, Duration cpu, int threads, int openFiles, OptionalLong limitBytes) {
    /** Without a known limit. */
    public Usage(long residentBytes, Duration cpu, int threads, int openFiles) {
        this(residentBytes, cpu, threads, openFiles, OptionalLong.empty());
    }
}
