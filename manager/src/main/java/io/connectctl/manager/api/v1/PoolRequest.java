package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * Declares a pool.
 *
 * @param declaration of each of its servers, in connectctl.yaml's keys; may hold secret values
 * @param size how many spares
 * @param maxAgeMillis a spare older than this is replaced; an hour unless said
 * @param budgetBytes what all spares together may take; unless said, the pool's part of the half of the machine's memory that is there
 *     for all pools
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PoolRequest(
        JsonNode declaration, @Nullable Integer size, @Nullable Long maxAgeMillis, @Nullable Long budgetBytes) {
    /** Without the declaration: it may hold secrets. */
    @Override
    public String toString() {
        return "PoolRequest[" + size + "]";
    }
}
