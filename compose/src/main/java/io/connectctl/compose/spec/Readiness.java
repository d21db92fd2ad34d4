package io.connectctl.compose.spec;

/** The rung that periodic probes must prove ({@code health.until}). */
public enum Readiness {
    PORT,
    RPC,
    SESSION,
    QUERY
}
