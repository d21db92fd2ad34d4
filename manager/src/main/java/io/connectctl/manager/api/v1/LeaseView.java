package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/**
 * A lease.
 *
 * @param lease its id
 * @param server its server's name
 * @param state WAITING, STARTING, READY, FAILED or ENDING
 * @param held false for a pool's spare
 * @param pool the pool that its server comes from
 * @param owner whose it is, as people read it
 * @param ownerPid the process with whose end it ends
 * @param ttlSeconds how long it lives after each renewal
 * @param expiresAt when it ends unless it is renewed, for people: it is counted on the boot clock
 * @param position how many servers are started before its own, itself included; 0 where it doesn't wait
 * @param url where its server is reached, once it listens
 * @param tokenFile the file that holds its server's token, for its owner only
 * @param ending why it ends
 * @param cause why its server FAILED
 * @param sequence in the answer to a lease: follow events of its server from here
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LeaseView(
        String lease,
        String server,
        String state,
        boolean held,
        @Nullable String pool,
        @Nullable String owner,
        @Nullable Long ownerPid,
        long ttlSeconds,
        String expiresAt,
        int position,
        @Nullable String url,
        @Nullable String tokenFile,
        @Nullable String ending,
        @Nullable CauseView cause,
        long sequence) {}
