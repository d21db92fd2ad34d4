package io.connectctl.compose.runtime.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.BuildImageCmd;
import com.github.dockerjava.api.model.BuildResponseItem;
import com.github.dockerjava.api.model.ResponseItem;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.process.SparkDistributions;
import io.connectctl.compose.spec.SparkVersion;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Builds images of Spark Connect from Maven's jars, through the engine's build API, so that no registry need hold Spark. Only
 * the base image comes from elsewhere.
 */
public final class ImageBuilder implements AutoCloseable {
    /** Where a base isn't told: Java 17 is what every supported Spark runs on, and Apache's own images stand on this one. */
    public static final String BASE = "eclipse-temurin:17-jre-jammy";

    /** A step that copies 300 MB on a slow disk says nothing meanwhile. */
    private static final Duration SILENCE = Duration.ofMinutes(10);

    private static final String DOCKERFILE = "/io/connectctl/templates/image/Dockerfile";
    private static final Pattern STEP = Pattern.compile("Step (\\d+)/(\\d+) : (.*)");
    private static final int KEPT_LINES = 12;

    private final SparkDistributions distributions;
    private final Engine engine;
    private final Images images;

    /**
     * What to build.
     *
     * @param spark the version
     * @param base the image that it stands on; holds Java and bash
     * @param packages Maven coordinates to bake in
     * @param tag the image's name
     */
    public record Order(SparkVersion spark, String base, List<String> packages, String tag) {
        public Order {
            packages = List.copyOf(packages);
        }
    }

    /** The name of the image that is built for a version where none is told; {@code start} finds it by that. */
    public static String tagFor(SparkVersion spark) {
        return Names.builtImage(spark);
    }

    /**
     * @param cache the cache folder, where Spark's jars are kept
     * @param environment tells where the engine and Maven's settings are
     */
    public ImageBuilder(Path cache, Map<String, String> environment) {
        this.distributions = new SparkDistributions(cache, environment);
        this.engine = new Engine(environment);
        this.images = new Images(engine);
    }

    /**
     * Builds it, or finds every step in the engine's cache.
     *
     * @return the image's id
     * @throws LaunchException {@code ENGINE_UNREACHABLE}; {@code IMAGE_MISSING} or {@code REGISTRY_UNREACHABLE} for the base;
     *     {@code IMAGE_UNFIT} where a step fails; {@code SPARK_UNRESOLVABLE}, {@code DISK_FULL}
     */
    public String build(Order order, Progress progress) throws LaunchException, InterruptedException {
        try {
            // Before anything is fetched: both take seconds to find out, and minutes would be lost.
            progress.report("asking the engine", 0, 0);
            requireBase(order);
            distributions.fetch(order.spark(), progress);
            List<Path> packages = distributions.packages(order.spark(), order.packages(), progress);
            return send(order, context(order, packages), progress);
        } catch (RuntimeUnavailableException e) {
            throw new LaunchException(
                    "ENGINE_UNREACHABLE",
                    String.valueOf(e.getMessage()),
                    "start Docker, or name the engine by DOCKER_HOST or docker context use",
                    true,
                    e);
        } catch (IOException e) {
            throw new LaunchException(
                    "IMAGE_UNFIT",
                    "the files for image " + order.tag() + " can't be read: " + e.getMessage(),
                    "see the disk and the cache folder",
                    true,
                    e);
        }
    }

    private void requireBase(Order order) throws LaunchException, RuntimeUnavailableException, InterruptedException {
        if (images.find(order.base()).isPresent()) {
            return;
        }
        Optional<LaunchException> against = images.registry(order.base(), order.spark());
        if (against.isPresent()) {
            LaunchException e = against.get();
            throw new LaunchException(
                    e.code(),
                    "the base " + e.getMessage(),
                    "name a base that the engine has, with Java 17 and bash in it: connectctl image build --base IMAGE"
                            + " (docker images shows them)",
                    e.retryable(),
                    e);
        }
    }

    private BuildContext context(Order order, List<Path> packages) throws IOException {
        BuildContext context = new BuildContext();
        context.text("Dockerfile", dockerfile());
        context.folder("spark");
        context.text("spark/RELEASE", "");
        context.folder("spark/jars");
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(distributions.jarsFolder(order.spark()), "*.jar")) {
            for (Path jar : jars) {
                context.file("spark/jars/" + jar.getFileName(), jar);
            }
        }
        context.folder("packages");
        for (Path jar : packages) {
            context.file("packages/" + jar.getFileName(), jar);
        }
        return context;
    }

    private static String dockerfile() throws IOException {
        try (InputStream in = ImageBuilder.class.getResourceAsStream(DOCKERFILE)) {
            if (in == null) {
                throw new IOException("this copy of connectctl has no " + DOCKERFILE);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String send(Order order, BuildContext context, Progress progress)
            throws LaunchException, RuntimeUnavailableException, InterruptedException, IOException {
        long size = context.size();
        Building building = new Building(progress);
        try (InputStream archive = context.open(sent -> building.sent(sent, size))) {
            engine.ask("building image " + order.tag(), Engine.PATIENCE, client -> {
                BuildImageCmd command = client.buildImageCmd(archive)
                        .withTags(Set.of(order.tag()))
                        .withBuildArg("BASE", order.base())
                        .withBuildArg("SPARK", order.spark().text())
                        .withBuildArg("PACKAGES", String.join(",", order.packages()))
                        .withRemove(true)
                        .withForcerm(true);
                return command.exec(building);
            });
            building.await();
        } catch (EngineRefusal e) {
            throw refused(order, e.said(), building);
        } finally {
            building.close();
        }
        Optional<String> failure = building.failure();
        if (failure.isPresent()) {
            throw refused(order, failure.get(), building);
        }
        return images.find(order.tag())
                .map(Images.Image::id)
                .orElseThrow(() -> refused(order, "the engine says it is done, and has no such image", building));
    }

    private static LaunchException refused(Order order, String said, Building building) {
        boolean full = said.contains("no space left");
        return new LaunchException(
                full ? "DISK_FULL" : "IMAGE_UNFIT",
                "image " + order.tag() + " can't be built on " + order.base() + ": " + said + building.lastLines(),
                full
                        ? "free space at the engine: docker system df shows what takes it"
                        : "the base needs a Linux with Java 17 on its PATH, and bash; name another: --base IMAGE",
                full,
                new IOException(said));
    }

    /** Follows what the engine says of a build. */
    private static final class Building implements ResultCallback<BuildResponseItem> {
        private static final long REPORT_NANOS = 100_000_000L;

        private final Progress progress;
        private final CountDownLatch end = new CountDownLatch(1);
        private final Deque<String> lines = new ArrayDeque<>();
        private volatile long heard = System.nanoTime();
        private volatile boolean done;
        private long told;
        private volatile @Nullable Closeable stream;
        private volatile @Nullable String failure;

        Building(Progress progress) {
            this.progress = progress;
        }

        /** Told while the archive is read. */
        void sent(long bytes, long all) {
            heard = System.nanoTime();
            if (bytes == all || heard - told > REPORT_NANOS) {
                told = heard;
                progress.report("sending the jars to the engine", bytes, all);
            }
        }

        /** Until the build ended, or nothing was heard for too long. */
        void await() throws InterruptedException {
            while (!end.await(1, TimeUnit.SECONDS)) {
                if (System.nanoTime() - heard > SILENCE.toNanos()) {
                    failure = "nothing was heard for " + SILENCE.toMinutes() + " minutes";
                    return;
                }
            }
        }

        Optional<String> failure() {
            String known = failure;
            return known != null || done ? Optional.ofNullable(known) : Optional.of("the engine broke off");
        }

        /** What a failed step printed last; empty text if nothing. */
        synchronized String lastLines() {
            return lines.isEmpty() ? "" : "\n    " + String.join("\n    ", lines);
        }

        @Override
        public void onStart(Closeable closeable) {
            stream = closeable;
        }

        @Override
        public synchronized void onNext(BuildResponseItem item) {
            heard = System.nanoTime();
            ResponseItem.ErrorDetail error = item.getErrorDetail();
            if (error != null) {
                failure = String.valueOf(error.getMessage());
                return;
            }
            if (item.isBuildSuccessIndicated()) {
                done = true;
            }
            String text = item.getStream() != null ? item.getStream() : item.getStatus();
            if (text == null || text.isBlank()) {
                return;
            }
            for (String line : text.strip().split("\n", -1)) {
                Matcher step = STEP.matcher(line);
                if (step.matches()) {
                    lines.clear();
                    progress.report(
                            "building: " + brief(step.group(3)),
                            Long.parseLong(step.group(1)),
                            Long.parseLong(step.group(2)));
                } else if (!line.startsWith(" --->")) {
                    lines.add(line.strip());
                    while (lines.size() > KEPT_LINES) {
                        lines.remove();
                    }
                }
            }
        }

        private static String brief(String step) {
            String words = step.strip().replaceAll("\\s+", " ");
            return words.length() <= 60 ? words : words.substring(0, 57) + "...";
        }

        @Override
        public void onError(Throwable throwable) {
            if (failure == null) {
                failure = String.valueOf(throwable.getMessage());
            }
            end.countDown();
        }

        @Override
        public void onComplete() {
            end.countDown();
        }

        @Override
        public void close() {
            Closeable open = stream;
            if (open != null) {
                try {
                    open.close();
                } catch (IOException e) {
                    end.countDown(); // closed is what it is
                }
            }
        }
    }

    @Override
    public void close() {
        engine.close();
    }
}
