package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The gRPC port is held by somebody else. */
final class PortTaken implements Rule {
    /** 3.x: the netty text, its cause says why; 4.x: Spark's own text, which it also gives for an address that isn't ours. */
    private static final Pattern BIND = Pattern.compile("Failed to bind to address (\\S{0,200}?):(\\d{1,5})\\b");

    /** Where its own is taken Spark tries the next ones. */
    private static final Pattern UI = Pattern.compile("Successfully started service 'SparkUI' on port (\\d{1,5})\\.");

    private static final Pattern IN_USE = Pattern.compile("Address already in use");
    private static final Pattern LOCAL =
            Pattern.compile("^/?(?:0\\.0\\.0\\.0(?:/0\\.0\\.0\\.0)?|127\\.[\\d.]+|localhost/127\\.[\\d.]+"
                    + "|\\[?(?:0:0:0:0:0:0:0:[01]|::1?)\\]?(?:%\\d+)?)$");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(BIND)
                .filter(hit -> LOCAL.matcher(hit.group(1)).find()
                        || hit.entry().lines().stream()
                                .anyMatch(line -> IN_USE.matcher(line).find()))
                .flatMap(hit -> {
                    int port = Integer.parseInt(hit.group(2));
                    if (clues.startupLine(UI)
                            .filter(ui -> Integer.parseInt(ui.group(1)) == port)
                            .isPresent()) {
                        return hit.config(
                                "UI_PORT_TAKEN",
                                "the UI's own port is taken, and Spark moved the UI to " + port
                                        + ", which is the gRPC port",
                                "use any free port for the UI: " + clues.again("--ui-port auto") + ", or none: "
                                        + clues.again("--ui-port off"));
                    }
                    String holder = clues.evidence()
                            .portHolder()
                            .map(name -> " by " + name)
                            .orElse(" by another process");
                    return hit.config(
                            "PORT_TAKEN",
                            "gRPC port " + port + " is taken" + holder,
                            "use another port: " + clues.again("--port " + (port < 65_535 ? port + 1 : 15_002))
                                    + ", or any free one: "
                                    + clues.again("--port auto") + ", or end whoever holds it"
                                    + (clues.evidence().portHolder().isPresent()
                                            ? ""
                                            : " (`ss -ltnp 'sport = :" + port + "'` names it)"));
                });
    }

    @Override
    public Set<String> codes() {
        return Set.of("PORT_TAKEN", "UI_PORT_TAKEN");
    }
}
