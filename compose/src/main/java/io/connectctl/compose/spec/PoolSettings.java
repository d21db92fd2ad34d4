package io.connectctl.compose.spec;

import java.time.Duration;
import java.util.Optional;

/**
 * A pool as connectctl.yaml declares it.
 *
 * @param size how many spare servers
 * @param maxAge a spare older than this is replaced
 * @param memoryBudget what all spares together may take of the machine's memory
 * @param server each of them, without ports
 */
public record PoolSettings(
        int size, Optional<Duration> maxAge, Optional<MemorySize> memoryBudget, Declaration server) {}
