package io.connectctl.tests;

import java.util.ArrayList;
import java.util.List;

/** Where a test's servers run: what holds of connectctl holds in both. */
enum Where {
    /** Plain processes; no engine is to be found, so that {@code runtime: auto} takes them by itself. */
    PROCESS,
    /** Containers; the test is skipped where no engine answers, and fails there if the gate requires one. */
    DOCKER;

    /** An installation whose servers run here. */
    Installation install() {
        if (this == DOCKER) {
            Docker.require();
        }
        return new Installation(this);
    }

    /** The flags of a server of this Spark version. */
    List<String> flags(Installation installation, String version) {
        List<String> flags = new ArrayList<>(List.of("--spark", version));
        if (this == DOCKER) {
            flags.addAll(List.of("--runtime", "docker", "--image", Docker.image(installation, version)));
        }
        return flags;
    }

    /** The lines of a declaration of a server of this Spark version. */
    String lines(Installation installation, String version) {
        return "spark: " + version
                + (this == DOCKER ? "\n    runtime: docker\n    image: " + Docker.image(installation, version) : "");
    }

    /** Sends a signal to a server's JVM, as somebody else would. */
    void signal(Installation installation, String server, String name) {
        if (this == DOCKER) {
            Docker.signal(installation.containerId(server), name);
        } else {
            FaultTest.signal(name, installation.status(server).path("pid").asLong());
        }
    }
}
