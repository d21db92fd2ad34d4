package io.connectctl.compose.runtime.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.RestartPolicy;
import io.connectctl.compose.render.ContainerPorts;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.ArchiveKind;
import io.connectctl.compose.runtime.ArchiveUnfitException;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Training;
import io.connectctl.compose.spec.ServerSpec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The throwaway container that an image's class data archive is recorded in: the image's own user, JVM and jars, the entrypoint
 * and the options that every server of that image gets; no network, the least of the processor, and nothing of a user's.
 *
 * <p>It ends with the connection that started it, however that ends ({@code training.sh}), and the engine removes it then.
 */
final class TrainingContainer implements Training {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingContainer.class);

    /** On the container, with the time when it was made. */
    static final String LABEL = "io.connectctl.training";

    private static final Path FOLDER = Path.of("/var/lib/connectctl/training");
    private static final Path SCRIPT = FOLDER.resolve("training.sh");
    private static final Path DUMP = FOLDER.resolve("dump.options");
    private static final Path MADE = FOLDER.resolve("made");

    /** Of 1024 that a container has by itself. */
    private static final int CPU_SHARES = 256;

    /** The heap, what a JVM has beside it, and what it needs to put an archive of 200 MiB together. */
    private static final long MEMORY = 2L << 30;

    private static final long MOST_PROCESSES = 512;

    /** As for archives of processes: a minute on a quiet machine, and many of them on a crowded one. */
    private static final Duration LIMIT = Duration.ofMinutes(30);

    private static final Duration ATTACH_PATIENCE = Duration.ofSeconds(20);
    /** Between making such a container and starting it; whatever is older was left by somebody who was killed in between. */
    private static final Duration FRESH = Duration.ofMinutes(15);

    /** A JVM that recorded nothing writes an archive of nothing; one of a whole Spark has tens of MiB. */
    private static final long SMALLEST = 1 << 20;

    private static final int KEPT_LINES = 5;
    private static final String ENDED = "connectctl: ended ";
    /** What Spark says once it listens, in every version. */
    private static final String READY = "Spark Connect server started";

    private final Engine engine;
    private final LaunchPlan plan;
    private final Path javaHome;
    private final String release;
    private final ArchiveKind kind;
    private final String id;
    private final Instant made = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    private final PipedOutputStream lifeline = new PipedOutputStream();
    private final Output output = new Output();
    private final List<Tunnel> tunnels = new ArrayList<>();

    private TrainingContainer(
            Engine engine, LaunchPlan plan, String id, Path javaHome, String release, ArchiveKind kind) {
        this.engine = engine;
        this.plan = plan;
        this.id = id;
        this.javaHome = javaHome;
        this.release = release;
        this.kind = kind;
    }

    /**
     * Starts one.
     *
     * @param image of Spark's jars, without an archive
     * @throws ArchiveUnfitException where the image's JVM makes none
     */
    static TrainingContainer start(Engine engine, Images.Image image, LaunchPlan plan)
            throws ArchiveUnfitException, LaunchException, EngineRefusal, RuntimeUnavailableException, IOException,
                    InterruptedException {
        removeLeftovers(engine);
        String id = create(engine, image, plan);
        try {
            Path home = javaHome(engine, image, id);
            String release = engine.text(id, home.resolve("release").toString());
            if (release.isEmpty()) {
                throw new ArchiveUnfitException("what JDK it has in " + home + " can't be read (release)");
            }
            ArchiveKind kind = ArchiveKind.of(
                    home,
                    release,
                    engine.exists(id, home.resolve(ArchiveKind.BASE).toString()));
            TrainingContainer training = new TrainingContainer(engine, plan, id, home, release, kind);
            training.fill();
            training.attach();
            engine.ask(
                    "starting a training container",
                    Engine.PATIENCE.multipliedBy(3),
                    client -> client.startContainerCmd(id).exec());
            return training;
        } catch (ArchiveUnfitException
                | LaunchException
                | EngineRefusal
                | RuntimeUnavailableException
                | IOException
                | InterruptedException
                | RuntimeException e) {
            remove(engine, id);
            throw e;
        }
    }

    private static String create(Engine engine, Images.Image image, LaunchPlan plan)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        LaunchPlan dumping = plan.with(DUMP);
        List<String> command =
                new ArrayList<>(List.of("/bin/bash", SCRIPT.toString(), Long.toString(LIMIT.toSeconds())));
        command.addAll(plan.command());
        String host = "training";
        HostConfig limits = new HostConfig()
                .withAutoRemove(true)
                .withNetworkMode("none")
                // Spark asks for the address of its own name, and nobody else answers without a network.
                .withExtraHosts(host + ":127.0.0.1")
                .withCpuShares(CPU_SHARES)
                .withMemory(MEMORY)
                .withMemorySwap(MEMORY)
                .withPidsLimit(MOST_PROCESSES)
                .withCapDrop(Capability.ALL)
                .withSecurityOpts(List.of("no-new-privileges"))
                .withRestartPolicy(RestartPolicy.noRestart())
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE));
        return engine.ask(
                "making a training container", Engine.PATIENCE, client -> client.createContainerCmd(image.id())
                        .withName("connectctl-" + plan.ticket().marker().replace('/', '-'))
                        .withLabels(Map.of(LABEL, Instant.now().toString()))
                        .withUser(Launcher.SPARK_USER + ":" + Launcher.SPARK_USER)
                        .withHostName(host)
                        .withEntrypoint()
                        .withCmd(command)
                        .withEnv(Launcher.environment(dumping))
                        .withWorkingDir(FOLDER.toString())
                        .withAttachStdin(true)
                        .withStdinOpen(true)
                        .withStdInOnce(true)
                        .withHostConfig(limits)
                        .exec()
                        .getId());
    }

    /** As the entrypoint finds it: the image's JAVA_HOME, else the java on its PATH. */
    private static Path javaHome(Engine engine, Images.Image image, String container)
            throws ArchiveUnfitException, EngineRefusal, RuntimeUnavailableException, InterruptedException {
        if (image.javaHome().isPresent()) {
            return image.javaHome().get();
        }
        for (String folder : image.path().split(":", -1)) {
            Optional<Path> java =
                    folder.startsWith("/") ? engine.resolve(container, Path.of(folder, "java")) : Optional.empty();
            Path bin = java.map(Path::getParent).orElse(null);
            Path home = bin == null ? null : bin.getParent();
            if (home != null) {
                return home;
            }
        }
        throw new ArchiveUnfitException(
                "it has no java: neither in a JAVA_HOME nor on its PATH (" + image.path() + ")");
    }

    private void fill() throws EngineRefusal, RuntimeUnavailableException, IOException, InterruptedException {
        byte[] files = Launcher.archive(
                plan,
                new Launcher.Owner(Launcher.SPARK_USER, Launcher.SPARK_USER),
                List.of(FOLDER, MADE),
                Map.of(SCRIPT, script(), DUMP, kind.dumpOptions(MADE.resolve(kind.file()))));
        engine.ask("copying the files of a training", Engine.PATIENCE, client -> client.copyArchiveToContainerCmd(id)
                .withRemotePath("/")
                .withTarInputStream(new ByteArrayInputStream(files))
                .exec());
    }

    private static String script() throws IOException {
        try (InputStream script = TrainingContainer.class.getResourceAsStream("training.sh")) {
            if (script == null) {
                throw new IOException("training.sh is missing in this installation");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Before it starts: what it says and, above all, its standard input, whose end is its own. */
    private void attach()
            throws LaunchException, EngineRefusal, RuntimeUnavailableException, IOException, InterruptedException {
        PipedInputStream end = new PipedInputStream(lifeline);
        engine.ask("holding a training container", Engine.PATIENCE, client -> client.attachContainerCmd(id)
                .withStdIn(end)
                .withStdOut(true)
                .withStdErr(true)
                .withFollowStream(true)
                .exec(output));
        if (!output.awaitStarted(ATTACH_PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw failure("the engine didn't attach to its container");
        }
    }

    /** Containers that were made and never started; the others end by themselves. */
    private static void removeLeftovers(Engine engine) throws RuntimeUnavailableException, InterruptedException {
        for (Engine.Listed left : engine.containers(List.of(LABEL), true)) {
            Instant since = Container.time(left.labels().getOrDefault(LABEL, ""));
            if (left.state().equals("created") && since.isBefore(Instant.now().minus(FRESH))) {
                remove(engine, left.id());
            }
        }
    }

    /** What the archive is for, for people. */
    String about() {
        return "Spark " + plan.spec().spark() + " on Java " + ArchiveKind.version(release);
    }

    Path javaHome() {
        return javaHome;
    }

    ArchiveKind kind() {
        return kind;
    }

    @Override
    public ServerSpec spec() {
        return plan.spec();
    }

    @Override
    public Instance instance() {
        return new Instance(
                plan.spec().name(),
                1,
                plan.ticket().marker(),
                OptionalLong.empty(),
                Optional.of(id),
                made,
                Optional.empty());
    }

    @Override
    public Optional<String> token() {
        return plan.ticket().token();
    }

    @Override
    public synchronized Endpoint endpoint() throws RuntimeUnavailableException {
        if (!output.ready) {
            // Each look into the container is a program of its own there.
            return new Endpoint("127.0.0.1", OptionalInt.empty(), List.of());
        }
        if (tunnels.isEmpty()) {
            try {
                tunnels.add(Tunnel.open(engine, id, ContainerPorts.grpc(plan.spec())));
                tunnels.add(
                        Tunnel.open(engine, id, ContainerPorts.ui(plan.spec()).orElseThrow()));
            } catch (IOException e) {
                throw new RuntimeUnavailableException("no port of this machine can be listened on: " + e, e);
            }
        }
        return new Endpoint(
                "127.0.0.1",
                OptionalInt.of(tunnels.get(0).port()),
                tunnels.size() < 2 ? List.of() : List.of(tunnels.get(1).port()));
    }

    @Override
    public boolean running() {
        return output.ended.getCount() > 0;
    }

    @Override
    public String lastWords() {
        return output.lastWords();
    }

    @Override
    public long finish(Duration patience) throws LaunchException, InterruptedException {
        try {
            lifeline.write("stop\n".getBytes(StandardCharsets.US_ASCII));
            lifeline.flush();
            if (!output.ended.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failure("its JVM didn't write it within " + patience.toSeconds() + " s");
            }
            try (Made archive = open()) {
                if (archive.size() < SMALLEST) {
                    throw failure("its JVM wrote none: " + lastWords());
                }
                return archive.size();
            }
        } catch (EngineRefusal e) {
            throw failure("its JVM wrote none: " + lastWords());
        } catch (IOException | RuntimeUnavailableException e) {
            throw failure("it can't be fetched: " + e.getMessage());
        }
    }

    /** What was made, as it comes out of the container; to be closed. */
    record Made(TarArchiveInputStream stream, long size) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            stream.close();
        }
    }

    /** Opens the finished archive. */
    @SuppressWarnings("resource") // handed to the caller
    Made open() throws EngineRefusal, RuntimeUnavailableException, IOException, InterruptedException {
        TarArchiveInputStream tar = new TarArchiveInputStream(engine.ask(
                "fetching a class data archive", Engine.PATIENCE, client -> client.copyArchiveFromContainerCmd(
                                id, MADE.resolve(kind.file()).toString())
                        .exec()));
        TarArchiveEntry entry = tar.getNextEntry();
        return new Made(tar, entry == null ? 0 : entry.getSize());
    }

    private LaunchException failure(String why) {
        return new LaunchException("ARCHIVE_FAILED", why, "", false);
    }

    @Override
    public void close() {
        tunnels.forEach(Tunnel::close);
        try {
            lifeline.close();
            output.close();
        } catch (IOException e) {
            LOG.debug("the lifeline of a training is gone already", e);
        }
        remove(engine, id);
    }

    /** Also for a thread that was interrupted: nothing may be left behind, and what is interrupted is only the waiting. */
    private static void remove(Engine engine, String id) {
        boolean interrupted = Thread.interrupted();
        try {
            engine.ask("removing a training container", Engine.PATIENCE, client -> client.removeContainerCmd(id)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec());
        } catch (EngineRefusal e) {
            // It went by itself, or is about to.
            LOG.debug("the end of a training: {}", e.said());
        } catch (RuntimeUnavailableException e) {
            LOG.warn("container {} of a training can't be removed now, it ends by itself: {}", id, e.getMessage());
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** What the container says. */
    private static final class Output extends ResultCallback.Adapter<Frame> {
        private final Deque<String> lines = new ArrayDeque<>();
        private final StringBuilder line = new StringBuilder();
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile boolean ready;

        @Override
        public synchronized void onNext(Frame frame) {
            line.append(new String(frame.getPayload(), StandardCharsets.UTF_8));
            for (int end = line.indexOf("\n"); end >= 0; end = line.indexOf("\n")) {
                String text = line.substring(0, end).strip();
                line.delete(0, end + 1);
                if (text.startsWith(ENDED)) {
                    ended.countDown();
                } else if (!text.isEmpty()) {
                    ready |= text.contains(READY);
                    lines.add(text);
                    while (lines.size() > KEPT_LINES) {
                        lines.remove();
                    }
                }
            }
        }

        synchronized String lastWords() {
            return String.join(" | ", lines);
        }

        @Override
        public void onError(Throwable throwable) {
            LOG.debug("the output of a training", throwable);
            ended.countDown();
            super.onError(throwable);
        }

        @Override
        public void onComplete() {
            ended.countDown();
            super.onComplete();
        }
    }
}
