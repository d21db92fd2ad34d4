package io.connectctl.compose.runtime.process;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Training;
import io.connectctl.compose.runtime.TrainingPlan;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkHome;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server that an archive is recorded from: rendered from the built-in templates as any other, but with nothing of a user's
 * in it, on ports of its own, in a folder that goes with it. {@code training.sh} keeps it from outliving the daemon.
 */
final class TrainingServer implements Training {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingServer.class);
    private static final SecureRandom RANDOM = new SecureRandom();

    private static final Duration LAUNCH_PATIENCE = Duration.ofSeconds(15);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(10);
    /** A JVM that recorded nothing writes an archive of nothing; one of a whole Spark has tens of MiB. */
    private static final long SMALLEST = 1 << 20;

    private static final int LAST_LINES = 5;

    private final ClassDataArchives archives;
    private final ArchiveSubject subject;
    private final LaunchPlan plan;
    private final Path folder;
    private final RunFolder run;
    private final Process shell;
    private final FileChannel lock;
    private final ProcessRuntime.Listener listener;

    private TrainingServer(
            ClassDataArchives archives,
            ArchiveSubject subject,
            LaunchPlan plan,
            Path folder,
            RunFolder run,
            Process shell,
            FileChannel lock) {
        this.archives = archives;
        this.subject = subject;
        this.plan = plan;
        this.folder = folder;
        this.run = run;
        this.shell = shell;
        this.lock = lock;
        this.listener = new ProcessRuntime.Listener(run);
    }

    /** Kills every process that carries this marker. */
    static void killAll(String marker) {
        for (Proc.Stat process : Proc.all()) {
            if (Proc.environment(process.pid(), PortHolder.MARKER)
                    .filter(marker::equals)
                    .isPresent()) {
                LOG.warn("killing process {}, which a training of a class data archive left behind", process.pid());
                process.identity().signal(true);
            }
        }
    }

    /**
     * Starts one.
     *
     * @param place where its folder is made
     * @param prefix of its folder's name
     * @param lock closed with it
     */
    static TrainingServer start(
            ClassDataArchives archives,
            Path place,
            String prefix,
            ArchiveSubject subject,
            LaunchPlan served,
            Function<LaunchPlan, Map<String, String>> environment,
            FileChannel lock)
            throws IOException, LaunchException, InterruptedException {
        byte[] bytes = new byte[4];
        RANDOM.nextBytes(bytes);
        String random = HexFormat.of().formatHex(bytes);
        Path folder = place.resolve(prefix + random);
        try {
            LaunchPlan plan = plan(subject, served, folder, random);
            PrivateFiles.folder(plan.site().conf());
            PrivateFiles.folder(plan.site().work());
            PrivateFiles.folder(plan.site().warehouse());
            PrivateFiles.folder(made(folder));
            for (RenderedFile file : plan.rendering().files()) {
                PrivateFiles.write(plan.site().conf().resolve(file.name()), file.text(), file.executable());
            }
            Path dump = folder.resolve("dump.options");
            PrivateFiles.write(
                    dump,
                    subject.kind()
                            .dumpOptions(made(folder).resolve(subject.kind().file())),
                    false);
            PrivateFiles.write(folder.resolve("training.sh"), script(), true);
            RunFolder run = RunFolder.create(
                    folder.resolve("run"),
                    TrainingPlan.NAME,
                    1,
                    plan.ticket().marker(),
                    Instant.now().truncatedTo(ChronoUnit.MILLIS),
                    OptionalInt.empty());
            Process shell = shell(folder, plan, environment.apply(plan.with(dump)));
            TrainingServer training = new TrainingServer(archives, subject, plan, folder, run, shell, lock);
            training.awaitProcess();
            return training;
        } catch (RenderException e) {
            throw new LaunchException(
                    "RENDER_FAILED",
                    "the files of a training server can't be rendered: " + e.getMessage(),
                    "install connectctl anew",
                    false,
                    e);
        } catch (IOException | InterruptedException | RuntimeException e) {
            PrivateFiles.remove(folder);
            throw e;
        }
    }

    private static Path made(Path folder) {
        return folder.resolve("made");
    }

    private static LaunchPlan plan(ArchiveSubject subject, LaunchPlan served, Path folder, String random)
            throws RenderException {
        Path jars = served.site().jars().orElseThrow();
        Site site = new Site(
                folder.resolve("conf"),
                folder.resolve("work"),
                folder.resolve("warehouse"),
                subject.javaHome(),
                served.site().sparkHome(),
                Optional.of(jars),
                true);
        // What was declared stays away from the training, but for a Connect server, without which there is none.
        Optional<Path> connect = SparkHome.of(jars).hasConnect()
                ? Optional.empty()
                : served.site().packages();
        return TrainingPlan.of(
                served.spec().runtime(), served.spec().spark(), site.with(connect), subject.demands(), random);
    }

    private static String script() throws IOException {
        try (InputStream script = TrainingServer.class.getResourceAsStream("training.sh")) {
            if (script == null) {
                throw new IOException("training.sh is missing in this installation");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Process shell(Path folder, LaunchPlan plan, Map<String, String> environment)
            throws IOException, LaunchException {
        List<String> command = new ArrayList<>(List.of(
                ProcessRuntime.tool("setsid").toString(),
                "/bin/sh",
                folder.resolve("training.sh").toString(),
                folder.toString()));
        command.addAll(plan.command());
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(
                        folder.resolve("training.log").toFile()));
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    private void awaitProcess() throws IOException, InterruptedException {
        long end = System.nanoTime() + LAUNCH_PATIENCE.toNanos();
        try {
            while (run.process().isEmpty()) {
                if (!shell.isAlive() || System.nanoTime() > end) {
                    throw new IOException("the training server didn't start"
                            + (shell.isAlive() ? "" : ", exit code " + shell.exitValue()) + ": "
                            + Proc.read(folder.resolve("training.log"))
                                    .orElse("")
                                    .strip());
                }
                TimeUnit.MILLISECONDS.sleep(2);
            }
        } catch (IOException | InterruptedException e) {
            close();
            throw e;
        }
    }

    @Override
    public ServerSpec spec() {
        return plan.spec();
    }

    @Override
    public Instance instance() {
        return run.instance();
    }

    @Override
    public Optional<String> token() {
        return plan.ticket().token();
    }

    @Override
    public Endpoint endpoint() throws RuntimeUnavailableException, InterruptedException {
        return ProcessRuntime.look(run, plan.spec(), listener);
    }

    @Override
    public boolean running() {
        return run.process().filter(Proc.Identity::alive).isPresent();
    }

    @Override
    public String lastWords() {
        List<String> lines =
                Proc.read(run.path().resolve("server.log")).orElse("").lines().toList();
        return String.join(" | ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    }

    @Override
    public long finish(Duration patience) throws LaunchException, InterruptedException {
        try {
            OutputStream in = shell.getOutputStream();
            in.write("stop\n".getBytes(StandardCharsets.US_ASCII));
            in.flush();
            long end = System.nanoTime() + patience.toNanos();
            while (running()) {
                if (System.nanoTime() > end) {
                    throw failure("its JVM didn't write it within " + patience.toSeconds() + " s");
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
            Path file = made(folder).resolve(subject.kind().file());
            if (!Files.isRegularFile(file) || Files.size(file) < SMALLEST) {
                throw failure("its JVM wrote none: " + lastWords());
            }
            return archives.publish(made(folder), subject);
        } catch (IOException e) {
            throw PrivateFiles.failure("keeping the class data archive for " + subject.about(), folder, e);
        }
    }

    private LaunchException failure(String why) {
        return new LaunchException(
                "ARCHIVE_FAILED", "no class data archive for " + subject.about() + ": " + why, "", false);
    }

    @Override
    public void close() {
        try {
            // The end of its standard input: the shell kills the server and removes the folder.
            shell.getOutputStream().close();
        } catch (IOException e) {
            LOG.debug("the shell of a training is gone already", e);
        }
        try {
            if (!shell.waitFor(CLOSE_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                shell.destroyForcibly();
            }
            killAll(run.marker());
            PrivateFiles.remove(folder);
        } catch (InterruptedException e) {
            // This daemon ends, maybe before it could do any of that: the shell, which has its order, needs nobody.
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.warn("{} can't be removed, the next training will: {}", folder, e.toString());
        }
        try {
            lock.close();
        } catch (IOException e) {
            LOG.debug("the lock of a training", e);
        }
    }
}
