package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.LeaseView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code connectctl release}. */
@Command(
        name = "release",
        description =
                "End leases: their servers are ended and removed with all their data. Returns when nothing of them is left.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl release 4f1c09ab"})
final class ReleaseCommand extends CliCommand {
    @Parameters(arity = "1..*", paramLabel = "LEASE", description = "The leases' ids.")
    List<String> leases = new ArrayList<>();

    ReleaseCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        ApiClient client = connect();
        List<Leased> ending = new ArrayList<>();
        List<ApiException> gone = new ArrayList<>();
        for (String lease : leases) {
            try {
                LeaseView view = client.lease(lease);
                client.release(lease);
                ending.add(Leased.known(client, view));
            } catch (ApiException e) {
                if (!e.code().equals("NO_SUCH_LEASE")) {
                    throw e;
                }
                // One that is over keeps none of the others.
                gone.add(e);
            }
        }
        for (Leased leased : ending) {
            if (!leased.release()) {
                warn("server " + leased.server() + " isn't gone yet; the daemon goes on removing it");
            }
        }
        if (!gone.isEmpty()) {
            gone.subList(0, gone.size() - 1).forEach(e -> warn(String.valueOf(e.getMessage())));
            throw gone.get(gone.size() - 1);
        }
        return ExitCode.OK;
    }
}
