package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ServerView;

/** Whether a server may be handed to a client: a URL of one that isn't up costs its user ten silent minutes. */
final class Reachable {
    private Reachable() {}

    /**
     * The server's URL.
     *
     * @throws CliFailure NOT_RUNNING or NOT_HEALTHY, so that {@code $(connectctl url)} yields nothing
     */
    static String url(ServerView server) throws CliFailure {
        if (server.phase().equals("HEALTHY") && server.url() != null) {
            return server.url();
        }
        if (server.phase().equals("STOPPED")) {
            throw new CliFailure(
                    ExitCode.NOT_RUNNING,
                    "server '" + server.name() + "' is STOPPED",
                    CliCommand.stoppedNote(server.name()));
        }
        throw CliCommand.notHealthy(
                server, "server '" + server.name() + "' is " + server.phase() + ", so it has no URL to use now");
    }
}
