package io.connectctl.tests;

import java.util.ArrayList;
import java.util.List;

/** Where a test's servers run: what holds of connectctl holds in both. */
enum Where {
    /** Plain processes; no engine is to be found, so that {@code runtime: auto} takes them by itself. */
    PROCESS,
    /** Containers; the test is skipped where no engine answers, and fails there if the gate requires one. */
    DOCKER;

    /**
     * Java options of servers that live for a test: the second compiler's work pays only later. Without it a start took 7 s of
     * processor time in place of 14 s, and these tests do little else.
     */
    static final String JAVA = "-XX:TieredStopAtLevel=1";

    /** The key that these options are given by. */
    static final String JAVA_KEY = "spark.driver.extraJavaOptions";

    /** An installation whose servers run here. */
    Installation install() {
        if (this == DOCKER) {
            Docker.require();
        }
        return new Installation(this);
    }

    /** The flags of a server of this Spark version. */
    List<String> flags(Installation installation, String version) {
        List<String> flags = new ArrayList<>(List.of("--spark", version, "--conf", JAVA_KEY + "=" + JAVA));
        if (this == DOCKER) {
            flags.addAll(List.of("--runtime", "docker", "--image", Docker.image(installation, version)));
        }
        return flags;
    }

    /**
     * The lines of a declaration of a server of this Spark version.
     *
     * @param conf entries of {@code conf}, as YAML has them; one of them may be {@link #JAVA_KEY}
     */
    String lines(Installation installation, String version, String... conf) {
        List<String> entries = new ArrayList<>(List.of(conf));
        if (entries.stream().noneMatch(entry -> entry.startsWith(JAVA_KEY))) {
            entries.add(JAVA_KEY + ": " + JAVA);
        }
        List<String> lines = new ArrayList<>(List.of("spark: " + version));
        if (this == DOCKER) {
            lines.addAll(List.of("runtime: docker", "image: " + Docker.image(installation, version)));
        }
        lines.add("conf: {" + String.join(", ", entries) + "}");
        return String.join("\n    ", lines);
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
