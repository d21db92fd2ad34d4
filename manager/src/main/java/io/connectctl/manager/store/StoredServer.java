package io.connectctl.manager.store;

import io.connectctl.compose.spec.ServerName;

/**
 * What is kept of one server. Both texts are JSON that whoever hands them over understands; neither holds a secret.
 *
 * @param name whose
 * @param declaration what was declared, by whom, and what is in force
 * @param state where its life stands: see {@link StateCodec}
 */
public record StoredServer(ServerName name, String declaration, String state) {}
