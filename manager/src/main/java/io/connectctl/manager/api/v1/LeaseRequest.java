package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * Asks for a lease.
 *
 * @param declaration of the server, in connectctl.yaml's keys of one server; may hold secret values; not used with a pool
 * @param ttlMillis how long it lives after each renewal
 * @param pool the pool to claim a server of
 * @param owner whose it is, as people read it
 * @param ownerPid the process with whose end it ends
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LeaseRequest(
        @Nullable JsonNode declaration,
        long ttlMillis,
        @Nullable String pool,
        @Nullable String owner,
        @Nullable Long ownerPid) {
    /** Without the declaration: it may hold secrets. */
    @Override
    public String toString() {
        return "LeaseRequest[" + ttlMillis + " ms, pool " + pool + ", owner " + owner + " " + ownerPid + "]";
    }
}
