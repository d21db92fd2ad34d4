package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Images that connectctl builds: what is in them, what isn't, and how their servers start. */
@Timeout(1200)
@Order(Integer.MAX_VALUE - 1)
class ImageTest {
    private static final Duration FROM_CACHE = Duration.ofSeconds(90);
    /** Gives way to everything else that runs here. */
    private static final Duration TRAINING = Duration.ofMinutes(20);

    private static Installation installation;

    @BeforeAll
    static void open() {
        installation = Where.DOCKER.install();
        installation.environment().put("DB_PASSWORD", Docker.SECRET);
        // Spark's jars, where no other test fetched them yet: not this test's business.
        installation.jars("4.0.1");
        installation.jars("3.5.0");
    }

    @AfterAll
    static void close() {
        if (installation != null) {
            installation.close();
        }
    }

    @Test
    void aServerOfABuiltImageMapsItsArchiveAndHasItsPackages() {
        // The one that other tests' servers run on; whoever asks first has it built.
        Docker.Built first = Docker.built("4.0.1");
        String image = first.tag();
        Outcome built = first.build();
        assertThat(built.out().strip()).isEqualTo(image);
        assertThat(built.err()).contains("with a class data archive for Spark 4.0.1 on Java 17");
        assertThat(trainings()).isBlank();

        long before = System.nanoTime();
        Outcome again = build("--packages", first.packages(), "--tag", image);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(FROM_CACHE);
        assertThat(again.err()).contains("class data archive").doesNotContain("training");
        assertThat(id(again)).isEqualTo(id(built));

        JsonNode labels = Docker.inspect(image).at("/Config/Labels");
        assertThat(labels.path("io.connectctl.archive").asText()).hasSize(32);
        assertThat(labels.path("io.connectctl.packages").asText()).isEqualTo(first.packages());
        assertHoldsNothingOfItsTraining(image);

        start("built", image, "--auth", "token", "--env", "DB_PASSWORD");
        String container = installation.containerId("built");
        assertThat(mapped("built")).isNotBlank();
        assertThat(Docker.ok("inspect", container)).doesNotContain(Docker.SECRET);
        installation.ok("stop", "built");

        Outcome other = start("other", image, "--conf", "spark.driver.extraJavaOptions=-XX:+UseParallelGC");
        assertThat(other.err()).contains("without the Java option -XX:+UseParallelGC");
        assertThat(Spark.ask(installation.status("other").path("url").asText(), "avro"))
                .isEqualTo("3");
        assertThat(mapped("other")).isBlank();
        installation.ok("restart", "other", "--no-archive");
        assertThat(installation.ok("describe", "other").out()).doesNotContain("holds no class data archive");
        assertThat(mapped("other")).isBlank();
        installation.ok("stop", "other");
    }

    @Test
    void anInterruptedBuildLeavesNothingAndOneWithoutAnArchiveServes() throws InterruptedException {
        String image = "connectctl-test-built:3.5.0";
        // Also where a run that was killed left a container of it.
        Docker.run("rmi", "-f", image);
        Process build = installation.spawn(arguments("--spark", "3.5.0", "--tag", image));
        await().atMost(TRAINING).until(() -> !running().isBlank());
        // As ^C does, but for its process group.
        build.destroy();
        assertThat(build.waitFor()).isNotZero();
        await().atMost(Duration.ofSeconds(30)).until(() -> trainings().isBlank());
        assertThat(Docker.run("image", "inspect", image).exit()).isNotZero();

        Outcome built = build("--spark", "3.5.0", "--tag", image, "--no-archive");
        assertThat(built.err()).doesNotContain("class data archive");
        assertThat(Docker.inspect(image).at("/Config/Labels").has("io.connectctl.archive"))
                .isFalse();

        Outcome start = start("old", image, "--spark", "3.5.0");
        assertThat(start.err()).contains("HEALTHY").doesNotContain("class data archive");
        assertThat(installation.ok("describe", "old").out())
                .contains("holds no class data archive", "connectctl image build");
        installation.ok("stop", "old");

        // As Spark 4.0.1, which it isn't, it would be told a token that it ignores.
        Outcome wrong = installation.run(arguments(List.of("start", "wrong"), image, "--auth", "token"));
        assertThat(wrong.exit()).isEqualTo(4);
        assertThat(wrong.err()).contains("IMAGE_UNFIT", "holds Spark 3.5.0, and 4.0.1 is declared", "--spark 3.5.0");
    }

    @Test
    void packagesAreFetchedOnceForAllContainers() {
        String image = Docker.official(installation, "4.0.1");
        String[] avro = {"--packages", "org.apache.spark:spark-avro_2.13:4.0.1"};
        start("first", image, avro);
        assertThat(Spark.ask(installation.status("first").path("url").asText(), "avro"))
                .isEqualTo("3");

        start("second", image, avro);

        assertThat(Spark.ask(installation.status("second").path("url").asText(), "avro"))
                .isEqualTo("3");
        assertThat(sharedVolumes()).hasSize(1);
        assertThat(Docker.exec(
                                installation.containerId("second"),
                                "cd && ls -d ivy/*; cd /opt/connectctl/packages/* && touch x")
                        .err())
                .as("Spark fetched nothing itself, and can't write there")
                .contains("ivy/*", "No such file or directory", "Read-only file system");
        installation.ok("stop", "--all");
        installation.ok("remove", "first", "--purge");
        assertThat(sharedVolumes()).as("the other one has it still").hasSize(1);
        installation.ok("remove", "second", "--purge");
        assertThat(sharedVolumes()).isEmpty();
    }

    private static List<String> sharedVolumes() {
        return Docker.ok(
                        "volume",
                        "ls",
                        "-q",
                        "--filter",
                        "label=io.connectctl.package-set",
                        "--filter",
                        "label=io.connectctl.installation=" + installation.id().orElseThrow())
                .lines()
                .toList();
    }

    private static Outcome build(String... flags) {
        Outcome outcome = Installation.finish(installation.spawn(arguments(flags)), TRAINING);
        assertThat(outcome.exit()).as(outcome::toString).isZero();
        return outcome;
    }

    private static String[] arguments(String... flags) {
        List<String> arguments = new ArrayList<>(List.of("image", "build", "--base", Docker.base()));
        arguments.addAll(List.of(flags));
        return arguments.toArray(new String[0]);
    }

    private static Outcome start(String server, String image, String... more) {
        return installation.ok(arguments(List.of("start", server), image, more));
    }

    private static String[] arguments(List<String> command, String image, String... more) {
        List<String> arguments = new ArrayList<>(command);
        arguments.addAll(List.of("--runtime", "docker", "--image", image, "--driver-memory", "768m"));
        arguments.addAll(List.of("--port", "auto", "--ui-port", "auto"));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    /** The id in "built NAME (ID) in 7 s". */
    private static String id(Outcome built) {
        return built.err().replaceAll("(?s).*\\((sha256:[0-9a-f]+)\\).*", "$1");
    }

    private static String mapped(String server) {
        return mapping(installation, server);
    }

    /** The memory maps of a server's container in which an archive of its image stands. */
    static String mapping(Installation installation, String server) {
        return Docker.exec(installation.containerId(server), "grep -l /opt/connectctl/archive/ /proc/[0-9]*/maps")
                .out();
    }

    private static void assertHoldsNothingOfItsTraining(String image) {
        assertThat(Docker.ok("image", "inspect", image) + Docker.ok("image", "history", "--no-trunc", image))
                .doesNotContain(Docker.SECRET, "CONNECTCTL_");
        assertThat(Docker.ok(
                        "run",
                        "--rm",
                        "--network",
                        "none",
                        image,
                        "sh",
                        "-c",
                        "ls -R /opt/connectctl /var/lib/connectctl 2>&1; :"))
                .contains("classes.jsa", "use.options", "No such file or directory")
                .doesNotContain("entrypoint", "spark-defaults.conf", "training", "warehouse");
    }

    private static String trainings() {
        return Docker.ok("ps", "-aq", "--filter", "label=io.connectctl.training");
    }

    private static String running() {
        return Docker.ok("ps", "-q", "--filter", "label=io.connectctl.training");
    }
}
