package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/** Whether a server is ready up to a rung. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ReadyView(boolean ready, String phase, String rung, String reason) {}
