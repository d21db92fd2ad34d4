package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;

/** Declarations that no file holds, as start stored them. */
final class Stored {
    private Stored() {}

    /**
     * What a daemon has stored, if one runs and knows the server; its secrets are redacted already.
     *
     * @param needed nothing else says what this server is
     * @throws DaemonUnreachableException if it is needed, and there is something stored that only a daemon can read
     */
    static Optional<Declaration> of(ApiClient client, CliContext context, String server, boolean needed)
            throws IOException {
        try {
            return Optional.of(
                    Declaration.ofJson(client.describe(server).declaration().toString()));
        } catch (DaemonUnreachableException e) {
            if (needed && Files.exists(context.folders().state().resolve("connectctl.db"))) {
                throw e;
            }
            return Optional.empty();
        } catch (ApiException e) {
            if (e.code().equals("NO_SUCH_SERVER")) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
