package io.connectctl.manager.supervise;

import io.connectctl.manager.lease.Lease;
import java.time.Instant;

/**
 * A lease as it is now.
 *
 * @param lease the lease
 * @param expiresAt when it ends unless it is renewed, by the wall clock as it is now: for people only
 * @param position how many servers are started before its own, itself included; 0 where it doesn't wait
 * @param sequence the newest event before it was granted: follow events of its server from here; 0 where it isn't new
 */
public record LeaseStatus(Lease lease, Instant expiresAt, int position, long sequence) {}
