package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** A class data archive is trained once, taken by every further start, and never in the way. */
@Order(2)
class ArchiveTest {
    /** A training gives way to everything else that runs here. */
    private static final Duration TRAINING = Duration.ofMinutes(20);

    private static final String SPARK_OF_25 = "4.2.0";

    @Test
    void aFirstStartTrainsAnArchiveAndTheNextOneUsesIt() throws IOException {
        try (Installation installation = withOwnArchives()) {
            Outcome first = start(installation);
            assertThat(first.err()).doesNotContain("class data archive");
            assertThat(mapped(installation)).isEmpty();

            await().atMost(TRAINING).pollInterval(Duration.ofSeconds(1)).until(() -> events(installation)
                    .contains("archive-trained"));
            // It is told as soon as it can be used, and cleaned up after.
            await().atMost(Duration.ofMinutes(1))
                    .untilAsserted(() -> assertThat(leftovers(installation)).isEmpty());
            installation.ok("stop");

            start(installation);
            List<String> taken = mapped(installation);
            assertThat(taken).hasSize(1);
            assertThat(cache(installation, "archive").path("inUse").asBoolean()).isTrue();
            assertThat(installation.ok("cache", "prune", "--all").out())
                    .doesNotContain("removed archive", "removed spark 4.0.1");
            assertThat(installation.status("connect").path("changed").asBoolean())
                    .isFalse();

            installation.ok("restart", "--no-archive");
            assertThat(mapped(installation)).isEmpty();
            installation.ok("stop");
            installation.ok("remove");

            damage(Path.of(taken.get(0)));
            Outcome damaged = start(installation);
            assertThat(damaged.err()).contains("thrown away", "damaged");
            assertThat(mapped(installation)).isEmpty();
            assertThat(Path.of(taken.get(0))).doesNotExist();

            // The thread that trains has its wish by now; who stops the daemon stops the training with it.
            installation.spawn("cache", "train");
            await().atMost(TRAINING)
                    .until(() -> !leftovers(installation).isEmpty()
                            && !training(installation).isEmpty());
            // It runs code of whoever reaches its port, and every user of this machine does.
            assertThat(training(installation)).anySatisfy(pid -> assertThat(read("/proc/" + pid + "/environ"))
                    .contains("SPARK_CONNECT_AUTHENTICATE_TOKEN="));
            installation.daemon().destroyForcibly();
            await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
                assertThat(training(installation)).isEmpty();
                assertThat(leftovers(installation)).isEmpty();
            });
        }
    }

    /** Java 25 writes another kind of archive, in another way: an ahead-of-time cache. Spark 4.2 is the first that supports it. */
    @Test
    @EnabledIfSystemProperty(
            named = "connectctl.counts.java25",
            matches = "[1-9].*",
            disabledReason = "minutes, and a Spark of its own to fetch: mvn verify -Pfull runs it")
    void aServerOnJava25HasAnAheadOfTimeCache() throws IOException {
        Optional<Path> java = Jdks.atLeast(25);
        Assumptions.assumeTrue(java.isPresent(), "skipped: there is no JDK 25 or newer in /usr/lib/jvm");
        try (Installation installation = withOwnArchives(SPARK_OF_25)) {
            String[] start = {
                "start",
                "--spark",
                SPARK_OF_25,
                "--java-home",
                java.get().toString(),
                "--port",
                "auto",
                "--ui-port",
                "auto"
            };
            Outcome first = installation.ok(start);
            assertThat(first.err()).contains("spark=" + SPARK_OF_25).doesNotContain("class data archive");
            assertThat(mapped(installation)).isEmpty();
            await().atMost(TRAINING).pollInterval(Duration.ofSeconds(1)).until(() -> events(installation)
                    .contains("archive-trained"));
            installation.ok("stop");

            Outcome second = installation.ok(start);

            assertThat(second.err()).contains("rung=query");
            assertThat(mapped(installation)).singleElement().asString().endsWith("/classes.aot");
            assertThat(cache(installation, "archive").path("inUse").asBoolean()).isTrue();
            assertThat(Spark.ask(second.out().strip(), "hello")).isEqualTo("Hello, Spark Connect!");
        }
    }

    @Test
    void aServerThatCannotUseAnArchiveSaysWhyAndStarts() throws IOException {
        try (Installation installation = withOwnArchives()) {
            Path hadoop = Files.createDirectories(installation.project().resolve("hadoop"));
            Files.writeString(hadoop.resolve("core-site.xml"), "<configuration/>");

            Outcome start = installation.ok(
                    "start", "--port", "auto", "--ui-port", "auto", "--env", "HADOOP_CONF_DIR=" + hadoop);

            assertThat(start.err())
                    .contains("starts without a class data archive: HADOOP_CONF_DIR puts a folder on the class path");
            assertThat(installation.status("connect").path("phase").asText()).isEqualTo("HEALTHY");
        }
    }

    /** With the shared cache's Spark, by links, so that what this test does to a cache concerns nobody else. */
    private static Installation withOwnArchives() throws IOException {
        return withOwnArchives("4.0.1");
    }

    private static Installation withOwnArchives(String version) throws IOException {
        Installation installation = new Installation();
        Path jars = installation.jars(version);
        Path cache = installation.home().resolve("cache");
        Path spark =
                Files.createDirectories(cache.resolve("spark").resolve(version).resolve("jars"));
        try (Stream<Path> all = Files.list(jars)) {
            for (Path jar : all.toList()) {
                Files.createLink(spark.resolve(jar.getFileName()), jar);
            }
        }
        try (Stream<Path> marks = Files.list(jars.resolveSibling("."))) {
            for (Path mark : marks.filter(Files::isRegularFile).toList()) {
                Files.copy(mark, cache.resolve("spark").resolve(version).resolve(mark.getFileName()));
            }
        }
        installation.run("daemon", "stop");
        installation.environment().put("CONNECTCTL_CACHE_DIR", cache.toString());
        return installation;
    }

    private static Outcome start(Installation installation) {
        return installation.ok("start", "--port", "auto", "--ui-port", "auto");
    }

    private static String events(Installation installation) {
        return installation.ok("events", "connect").out();
    }

    private static JsonNode cache(Installation installation, String kind) {
        for (JsonNode entry :
                Installation.json(installation.ok("cache", "-o", "json").out()).path("entries")) {
            if (entry.path("kind").asText().equals(kind)) {
                return entry;
            }
        }
        throw new AssertionError("no " + kind + " in the cache");
    }

    /** The archives that the running server's JVM has mapped, beside the JDK's own. */
    private static List<String> mapped(Installation installation) throws IOException {
        long pid = installation.status("connect").path("pid").asLong();
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/maps"))) {
            return lines.filter(line -> line.contains("/archives/"))
                    .map(line -> line.substring(line.indexOf('/')))
                    .distinct()
                    .toList();
        }
    }

    private static List<String> leftovers(Installation installation) throws IOException {
        Path archives = installation.home().resolve("cache/archives");
        List<String> found = new ArrayList<>();
        if (Files.isDirectory(archives)) {
            try (Stream<Path> all = Files.list(archives)) {
                all.map(path -> path.getFileName().toString())
                        .filter(name -> name.startsWith(".training"))
                        .forEach(found::add);
            }
        }
        return found;
    }

    /** The processes of training servers of this installation's cache. */
    private static List<Long> training(Installation installation) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> {
                    String environment = read("/proc/" + pid + "/environ");
                    return environment.contains(installation.home().toString())
                            && environment.contains("CONNECTCTL_INSTANCE=class-data-archive/");
                })
                .toList();
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private static void damage(Path archive) throws IOException {
        Files.setPosixFilePermissions(archive, PosixFilePermissions.fromString("rw-------"));
        try (FileChannel channel = FileChannel.open(archive, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[4096]), Files.size(archive) / 2);
        }
    }
}
