package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerName;

/**
 * A server that was taken over.
 *
 * @param name what it is called here
 * @param label what it is called there: a container's name
 * @param receipt of its start, which restarts nothing
 */
public record Adopted(ServerName name, String label, Receipt receipt) {}
