package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/**
 * Of a leased server: its lease.
 *
 * @param id the lease
 * @param expiresAt when it ends unless it is renewed
 * @param owner whose it is, as people read it
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LeaseInfo(String id, String expiresAt, @Nullable String owner) {}
