package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The engine as a person uses it: its own command line, beside connectctl. Images are built once a run, on a base image that
 * must be there: no registry is needed.
 */
final class Docker {
    private static final String BASE =
            Optional.ofNullable(System.getenv("CONNECTCTL_TEST_BASE_IMAGE")).orElse("connectctl-base:jre17");
    private static final boolean REQUIRED = "required".equals(System.getenv("CONNECTCTL_TEST_DOCKER"));
    private static final boolean ROOT_LATER = "later".equals(System.getenv("CONNECTCTL_TEST_ROOT"));
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Map<String, String> IMAGES = new HashMap<>();
    private static final Map<String, Built> BUILT = new HashMap<>();

    /** A secret in the environment of whoever builds. */
    static final String SECRET = "planted-in-the-builder";

    /**
     * An image that connectctl built.
     *
     * @param packages what is baked in beside what everybody's image holds
     * @param build what the build said
     */
    record Built(String tag, String packages, Outcome build) {}

    /** What Apache's image has in place of Spark's own scripts, which no Maven repository serves: it asks Spark's launcher likewise. */
    private static final String SPARK_SUBMIT =
            """
            #!/usr/bin/env bash
            export SPARK_HOME=/opt/spark SPARK_SCALA_VERSION=%s
            command=()
            while IFS= read -r -d '' word; do
                # It begins with a blank item and a line end.
                word=${word#$'\\n'}
                [ -n "$word" ] || [ "${#command[@]}" -gt 0 ] || continue
                command+=("$word")
            done < <("${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx128m -cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main \\
                org.apache.spark.deploy.SparkSubmit "$@")
            exec "${command[@]}"
            """;

    /** Hadoop's login looks the user up by its number. */
    private static final String USER = "RUN groupadd --system --gid 185 spark && useradd --system --uid 185 --gid spark"
            + " --home-dir /nonexistent --no-create-home spark\n";

    private static final String ENTRYPOINT =
            """
            #!/bin/bash
            # Apache's entrypoint knows its own commands, and passes every other one through tini.
            exec tini -s -- "$@"
            """;

    private Docker() {}

    /** Goes on where an engine answers and has the base image; else skips the test, or fails it if the gate requires one. */
    static void require() {
        require(lacking());
    }

    /** Goes on where nothing is lacking; else skips the test, or fails it if the gate requires containers. */
    static void require(Optional<String> lacking) {
        if (REQUIRED) {
            assertThat(lacking).as("CONNECTCTL_TEST_DOCKER=required").isEmpty();
        }
        Assumptions.assumeTrue(lacking.isEmpty(), () -> "skipped, no containers here: " + lacking.orElse(""));
    }

    /**
     * Goes on where this is root: only root can have an engine of its own, or be another user. Else it skips the test; or fails it if
     * the gate requires containers, unless CONNECTCTL_TEST_ROOT=later says that root runs this test afterwards, as .ci/run does for
     * a user with sudo.
     */
    static void requireRoot() {
        boolean root = System.getProperty("user.name").equals("root");
        if (REQUIRED && !ROOT_LATER) {
            assertThat(root)
                    .as("this test needs root, and CONNECTCTL_TEST_DOCKER=required: run .ci/run, or this test as root")
                    .isTrue();
        }
        Assumptions.assumeTrue(root, "skipped: only root can have an engine of its own, or be another user");
    }

    private static Optional<String> lacking() {
        try {
            Outcome version = run("version", "--format", "{{.Server.Version}}");
            if (version.exit() != 0) {
                return Optional.of("no engine answers: " + version.err().strip());
            }
            Outcome base = run("image", "inspect", BASE);
            return base.exit() == 0
                    ? Optional.empty()
                    : Optional.of("the base image " + BASE + " isn't here; .ci/run builds it");
        } catch (UncheckedIOException e) {
            return Optional.of("there is no docker command: " + e.getMessage());
        }
    }

    /** This machine's address on the engine's default bridge. */
    static String gateway() {
        String bridge = ok(
                        "network",
                        "inspect",
                        "bridge",
                        "--format",
                        "{{index .Options \"com.docker.network.bridge.name\"}}")
                .strip();
        try {
            return NetworkInterface.getByName(bridge)
                    .inetAddresses()
                    .filter(Inet4Address.class::isInstance)
                    .map(InetAddress::getHostAddress)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The image that others stand on. */
    static String base() {
        return BASE;
    }

    /** Runs a docker command to its end. */
    static Outcome run(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        // Debian's engine has no BuildKit beside it, nor do these images need one.
        builder.environment().put("DOCKER_BUILDKIT", "0");
        return finish(builder);
    }

    /** Runs any command to its end. */
    static Outcome finish(List<String> command) {
        return finish(new ProcessBuilder(command));
    }

    /** Runs any command to its end. */
    static Outcome finish(ProcessBuilder builder) {
        try {
            return Installation.finish(builder.start(), PATIENCE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a docker command that must succeed; returns what it wrote. */
    static String ok(String... arguments) {
        Outcome outcome = run(arguments);
        assertThat(outcome.exit())
                .as(() -> "docker " + String.join(" ", arguments) + "\n" + outcome)
                .isZero();
        return outcome.out().strip();
    }

    /** Runs a shell script in a container, as its own user. */
    static Outcome exec(String container, String script) {
        return run("exec", container, "sh", "-c", script);
    }

    /** What {@code docker inspect} says of a container. */
    static JsonNode inspect(String container) {
        return Installation.json(ok("inspect", container)).path(0);
    }

    /** Signals the JVM in a container, not its init. */
    static void signal(String container, String name) {
        Outcome outcome = exec(container, "kill -" + name + " $(pgrep -f '[S]parkSubmit')");
        // A killed JVM takes its container along, and this very command with it.
        assertThat(outcome.exit()).as(outcome::toString).isIn(0, 137);
    }

    /** The containers, running or not, of one server of an installation. */
    static List<String> containers(String installation, String server) {
        return ok(
                        "ps",
                        "-aq",
                        "--no-trunc",
                        "--filter",
                        "label=io.connectctl.installation=" + installation,
                        "--filter",
                        "label=io.connectctl.server=" + server)
                .lines()
                .toList();
    }

    /** Removes whatever an installation left: its containers, then its volumes. */
    static void clear(String installation) {
        String label = "label=io.connectctl.installation=" + installation;
        each(ok("ps", "-aq", "--filter", label), "rm", "-f", "-v");
        each(ok("volume", "ls", "-q", "--filter", label), "volume", "rm", "-f");
    }

    private static void each(String ids, String... command) {
        if (!ids.isBlank()) {
            ok(Stream.concat(Stream.of(command), ids.lines()).toArray(String[]::new));
        }
    }

    /**
     * An image of this Spark version. 4.0.1 lies there as a bare folder of jars, named by a label, as {@code connectctl image
     * build} makes it; 3.5.0 as in Apache's own image: user spark (185) without a home, no conf folder, an entrypoint, tini.
     */
    static String image(Installation installation, String version) {
        return version.startsWith("3")
                ? official(installation, version)
                : built(version).tag();
    }

    /** An image as a user builds one for servers of his own: with a class data archive, so that each start is short. */
    static synchronized Built built(String version) {
        Built known = BUILT.get(version);
        if (known == null) {
            String tag = "connectctl-test-bare:" + version;
            String packages = "org.apache.spark:spark-avro_2.13:" + version;
            try (Installation builder = new Installation(Where.DOCKER)) {
                builder.environment().put("DB_PASSWORD", SECRET);
                List<String> command = new ArrayList<>(List.of("image", "build", "--spark", version, "--base", BASE));
                command.addAll(List.of("--packages", packages, "--tag", tag));
                known = new Built(tag, packages, builder.ok(command.toArray(String[]::new)));
            }
            BUILT.put(version, known);
        }
        return known;
    }

    /** A look-alike of Apache's image. */
    static String official(Installation installation, String version) {
        return once(
                "official:" + version,
                () -> build(
                        "connectctl-test-official:" + version,
                        "FROM " + jars(installation, version)
                                + """

                                COPY spark-submit /opt/spark/bin/spark-submit
                                COPY entrypoint.sh /opt/entrypoint.sh
                                RUN touch /opt/spark/RELEASE && mkdir -p /opt/spark/work-dir && chown -R spark:spark /opt/spark/work-dir
                                ENV SPARK_HOME=/opt/spark
                                WORKDIR /opt/spark/work-dir
                                USER spark
                                ENTRYPOINT ["/opt/entrypoint.sh"]
                                """,
                        Map.of(
                                "spark-submit",
                                SPARK_SUBMIT.formatted(version.startsWith("3") ? "2.12" : "2.13"),
                                "entrypoint.sh",
                                ENTRYPOINT)));
    }

    /** The layer that both kinds share: the version's jars. */
    private static String jars(Installation installation, String version) {
        return once(
                "jars:" + version,
                () -> build(
                        "connectctl-test-jars:" + version,
                        "FROM " + BASE + "\n" + USER + "COPY jars /opt/spark/jars\n",
                        Map.of(),
                        Optional.of(installation.jars(version))));
    }

    private static synchronized String once(String kind, Supplier<String> build) {
        String image = IMAGES.get(kind);
        if (image == null) {
            image = build.get();
            IMAGES.put(kind, image);
        }
        return image;
    }

    private static String build(String name, String dockerfile, Map<String, String> scripts) {
        return build(name, dockerfile, scripts, Optional.empty());
    }

    private static String build(String name, String dockerfile, Map<String, String> scripts, Optional<Path> jars) {
        try {
            // Beside the jars, so that they need not be copied: the builder sends no link's target.
            Path context = Files.createTempDirectory(
                    jars.map(Path::toAbsolutePath)
                            .map(Path::getParent)
                            .orElse(Path.of(System.getProperty("java.io.tmpdir"))),
                    "image-");
            Files.writeString(context.resolve("Dockerfile"), dockerfile);
            for (Map.Entry<String, String> script : scripts.entrySet()) {
                Path file = Files.writeString(context.resolve(script.getKey()), script.getValue());
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
            if (jars.isPresent()) {
                Path folder = Files.createDirectory(context.resolve("jars"));
                try (Stream<Path> all = Files.list(jars.get())) {
                    for (Path jar : (Iterable<Path>) all::iterator) {
                        Path link = Files.createLink(folder.resolve(jar.getFileName()), jar);
                        Files.setPosixFilePermissions(link, PosixFilePermissions.fromString("rw-r--r--"));
                    }
                }
            }
            ok("build", "-q", "-t", name, context.toString());
            Installation.delete(context);
            return name;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
