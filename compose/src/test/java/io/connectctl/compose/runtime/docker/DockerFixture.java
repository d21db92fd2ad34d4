package io.connectctl.compose.runtime.docker;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.BuildImageResultCallback;
import com.github.dockerjava.api.model.Frame;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.LaunchTicket;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Installation;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.testing.Plans;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.opentest4j.AssertionFailedError;

/** An installation of its own at the real engine, and a hand to do there what people do. */
final class DockerFixture {
    /** Has a shell and Java, and no Spark. */
    static final String IMAGE = Optional.ofNullable(System.getenv("CONNECTCTL_TEST_BASE_IMAGE"))
            .filter(name -> !name.isBlank())
            .orElse("connectctl-base:jre17");

    /** Says what the file "say" holds, exits as the file "leave" says, and goes away politely on SIGTERM. */
    static final String OBEDIENT = "trap 'exit 143' TERM; while :; do"
            + " [ -e say ] && { cat say; rm say; }; [ -e leave ] && exit $(cat leave); sleep 0.02; done";

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final Path root;
    final Folders folders;
    private final Engine hand;

    DockerFixture(Path root) {
        this.root = root;
        this.folders =
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
        this.hand = new Engine(environment());
    }

    /** Skips, saying why, where no engine answers or the image isn't there; fails where CI says that both must be. */
    static void require() throws InterruptedException {
        String missing = "";
        try (Engine engine = new Engine(environment())) {
            if (new Images(engine).find(IMAGE).isEmpty()) {
                missing = "image " + IMAGE + " isn't here (CONNECTCTL_TEST_BASE_IMAGE names another one)";
            }
        } catch (RuntimeUnavailableException e) {
            missing = String.valueOf(e.getMessage());
        }
        require(missing);
    }

    /** Skips, saying what is missing; fails where CI says that it must be there. Goes on where the text is empty. */
    static void require(String missing) {
        if (!missing.isEmpty() && "required".equals(System.getenv("CONNECTCTL_TEST_DOCKER"))) {
            throw new AssertionFailedError("CONNECTCTL_TEST_DOCKER=required, but " + missing);
        }
        assumeTrue(missing.isEmpty(), missing);
    }

    /** Goes on where this is root; fails where CI requires containers and root won't run this test afterwards (.ci/run). */
    static void requireRoot() {
        boolean root = "root".equals(System.getProperty("user.name"));
        if (!root && !"later".equals(System.getenv("CONNECTCTL_TEST_ROOT"))) {
            require("only root can run an engine of its own");
        }
        assumeTrue(root, "only root can run an engine of its own");
    }

    /** The environment that names the engine of this machine. */
    static Map<String, String> environment() {
        return System.getenv();
    }

    /** A daemon's runtime; a second one is what the next daemon would have. */
    DockerRuntime daemon() {
        return new DockerRuntime(folders, environment());
    }

    /** A server of the base image. */
    static ServerSpec spec(String name, PortChoice port, PortChoice ui) {
        return spec(name, port, ui, Set.of());
    }

    static ServerSpec spec(String name, PortChoice port, PortChoice ui, Set<Loosening> loosen) {
        return spec(name, port, ui, container(Optional.empty(), List.of(), List.of(), List.of(), loosen));
    }

    static ContainerSpec container(
            Optional<MemorySize> memory,
            List<String> networks,
            List<String> volumes,
            List<String> hosts,
            Set<Loosening> loosen) {
        return new ContainerSpec(
                Optional.of(IMAGE),
                memory,
                Optional.empty(),
                512,
                MemorySize.parse("64m"),
                networks,
                volumes,
                hosts,
                loosen);
    }

    static ServerSpec spec(String name, PortChoice port, PortChoice ui, ContainerSpec container) {
        ServerSpec plain = Plans.spec(name, port);
        return new ServerSpec(
                plain.name(),
                "docker",
                plain.spark(),
                plain.master(),
                port,
                ui,
                plain.driverMemory(),
                plain.javaHome(),
                plain.sparkHome(),
                plain.packages(),
                plain.conf(),
                plain.env(),
                plain.health(),
                plain.restart(),
                plain.stop(),
                plain.auth(),
                Expose.LOOPBACK,
                plain.profile(),
                plain.templates(),
                container,
                plain.archive());
    }

    /** A plan that runs this shell program, with a token and a secret variable. */
    static LaunchPlan plan(ServerRuntime runtime, ServerSpec spec, int incarnation, String program) {
        Site site = runtime.plannedSite(spec);
        Map<String, String> environment = new HashMap<>(Map.of("SECRET", "planted-variable"));
        if (spec.port() instanceof PortChoice.Auto) {
            environment.put("CONNECTCTL_GRPC_PORT", "0");
        }
        return new LaunchPlan(
                spec,
                site,
                new LaunchTicket(
                        incarnation,
                        spec.name() + "/" + incarnation + "/0a1b2c3d",
                        Optional.of("planted-token"),
                        spec.port() instanceof PortChoice.Auto ? OptionalInt.of(0) : OptionalInt.empty()),
                new Rendering(
                        List.of(
                                new RenderedFile("entrypoint", "#!/bin/sh\n", true),
                                new RenderedFile("spark-defaults.conf", "planted-setting\n", false)),
                        "f"),
                List.of("/bin/sh", "-c", program),
                environment);
    }

    /**
     * Builds an image of these files and nothing else. Not imported: docker-java 3.7.1 sends the stream of an import as JSON.
     *
     * @param files content by absolute path; all can be executed
     */
    static void build(Engine engine, String image, Map<String, byte[]> files) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            put(tar, "Dockerfile", "FROM scratch\nCOPY root/ /\n".getBytes(StandardCharsets.UTF_8));
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                put(tar, "root" + file.getKey(), file.getValue());
            }
        }
        engine.ask("building an image", Duration.ofSeconds(60), client -> client.buildImageCmd(
                        new ByteArrayInputStream(bytes.toByteArray()))
                .withTags(Set.of(image))
                .exec(new BuildImageResultCallback())
                .awaitImageId(60, TimeUnit.SECONDS));
    }

    private static void put(TarArchiveOutputStream tar, String path, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(path);
        entry.setMode(0100755);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    /** What docker's own command line would do. */
    <T> T docker(Engine.Question<T> question) throws Exception {
        return hand.ask("doing it by hand", PATIENCE, question);
    }

    Engine engine() {
        return hand;
    }

    String name(ServerName server) throws IOException {
        return new Names(Installation.of(folders.state()), server).container();
    }

    /** Runs a shell line inside, as the server's own user, and gives what it printed. */
    String inside(Instance instance, String line) throws Exception {
        StringBuilder printed = new StringBuilder();
        docker(client -> {
            String exec = client.execCreateCmd(instance.containerId().orElseThrow())
                    .withCmd("/bin/sh", "-c", line)
                    .withAttachStdout(true)
                    .withAttachStderr(true)
                    .exec()
                    .getId();
            return client.execStartCmd(exec)
                    .exec(new ResultCallback.Adapter<Frame>() {
                        @Override
                        public void onNext(Frame frame) {
                            printed.append(new String(frame.getPayload(), StandardCharsets.UTF_8));
                        }
                    })
                    .awaitCompletion(20, TimeUnit.SECONDS);
        });
        return printed.toString();
    }

    /** Everything of this installation goes. */
    void close() throws Exception {
        String label = Names.INSTALLATION + "=" + Installation.of(folders.state());
        for (Engine.Listed left : hand.containers(List.of(label), true)) {
            docker((DockerClient client) ->
                    client.removeContainerCmd(left.id()).withForce(true).exec());
        }
        docker(client -> {
            for (var volume : client.listVolumesCmd()
                    .withFilter("label", List.of(label))
                    .exec()
                    .getVolumes()) {
                client.removeVolumeCmd(volume.getName()).exec();
            }
            return true;
        });
        hand.close();
    }
}
