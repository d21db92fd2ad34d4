package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/**
 * A warm pool.
 *
 * @param name what claimers call it
 * @param size how many spares are wanted
 * @param ready spares that a query ran on
 * @param starting spares on their way, or waiting for their turn
 * @param claimed servers of it that somebody holds now
 * @param misses claims that found no ready spare, ever
 * @param claims claims, ever
 * @param memberBytes what one spare may take of the machine's memory
 * @param budgetBytes what all spares together may take now
 * @param maxAgeSeconds a spare older than this is replaced
 * @param trouble why the last spare failed; absent once one got ready again
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record PoolView(
        String name,
        int size,
        int ready,
        int starting,
        int claimed,
        long misses,
        long claims,
        long memberBytes,
        long budgetBytes,
        long maxAgeSeconds,
        @Nullable String trouble) {}
