package io.connectctl.compose.runtime.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.BuildImageCmd;
import com.github.dockerjava.api.model.BuildResponseItem;
import com.github.dockerjava.api.model.ResponseItem;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.ArchiveDemands;
import io.connectctl.compose.runtime.ArchiveKey;
import io.connectctl.compose.runtime.ArchiveUnfitException;
import io.connectctl.compose.runtime.FirstQuery;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.TrainingPlan;
import io.connectctl.compose.runtime.process.SparkDistributions;
import io.connectctl.compose.runtime.process.SparkRuntime;
import io.connectctl.compose.spec.SparkVersion;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private static final String YARN_DOCKERFILE = "/io/connectctl/templates/image/Dockerfile.yarn";
    private static final String ARCHIVE_DOCKERFILE = "/io/connectctl/templates/image/Dockerfile.archive";

    /** Where both of them put Spark's jars. */
    private static final Path JARS = Names.SPARK_HOME.resolve("jars");

    /** Changes with whatever makes older archives unfit beside what their key names. */
    private static final String ARCHIVE_FORMAT = "1";

    /** A few seconds on a quiet machine. */
    private static final Duration WRITING = Duration.ofMinutes(15);

    /** Docker's grammar of references, without digests: a registry has a dot or a port in its name, or is localhost. */
    private static final Pattern NAME =
            Pattern.compile("(?:(?:localhost|[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:\\d))(?::\\d+)?/)?"
                    + "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*"
                    + "(?::\\w[\\w.-]{0,127})?");

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
     * @param archive whether a class data archive shall be a layer of it
     * @param yarn whether it shall hold what the master {@code yarn} needs, and a YARN to try that on. A server on one can use no archive
     */
    public record Order(
            SparkVersion spark, String base, List<String> packages, String tag, boolean archive, boolean yarn) {
        public Order {
            packages = List.copyOf(packages);
        }

        private SparkRuntime runtime() {
            return new SparkRuntime(spark, yarn ? SparkRuntime.Module.YARN : SparkRuntime.Module.NONE);
        }
    }

    /**
     * What was built.
     *
     * @param id the image's id
     * @param archive what its class data archive is for, for people; empty where it has none
     * @param without why it has none although one was ordered
     */
    public record Built(String id, Optional<String> archive, Optional<String> without) {}

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
     * Builds it, or finds every step in the engine's cache. An archive that can't be made is no reason to have no image.
     *
     * @param query what the archive is recorded by; not run where an image of the same jars has one already
     * @throws LaunchException {@code ENGINE_UNREACHABLE}; {@code IMAGE_MISSING} or {@code REGISTRY_UNREACHABLE} for the base;
     *     {@code IMAGE_UNFIT} where a step fails; {@code SPARK_UNRESOLVABLE}, {@code DISK_FULL}
     */
    public Built build(Order order, Progress progress, FirstQuery query) throws LaunchException, InterruptedException {
        try {
            // Before anything is fetched: both take seconds to find out, and minutes would be lost.
            requireName(order);
            progress.report("asking the engine", 0, 0);
            requireBase(order);
            distributions.fetch(order.runtime(), progress);
            List<Path> packages = distributions.packages(order.runtime(), order.packages(), progress);
            Map<String, String> arguments = Map.of(
                    "BASE", order.base(),
                    "SPARK", order.spark().text(),
                    "PACKAGES", String.join(",", order.packages()));
            String jars = send(order, context(order, packages), arguments, Map.of(), progress);
            if (order.yarn()) {
                String id = withHadoop(order, jars, progress);
                tag(order, id);
                return new Built(id, Optional.empty(), Optional.empty());
            }
            if (!order.archive()) {
                tag(order, jars);
                return new Built(jars, Optional.empty(), Optional.empty());
            }
            try {
                return withArchive(order, jars, progress, query);
            } catch (ArchiveUnfitException e) {
                tag(order, jars);
                return new Built(jars, Optional.empty(), Optional.of(e.why()));
            }
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

    /** The image of Spark's jars with one more layer: Hadoop's own servers, away from Spark's class path. */
    private String withHadoop(Order order, String jars, Progress progress)
            throws LaunchException, RuntimeUnavailableException, IOException, InterruptedException {
        BuildContext context = new BuildContext();
        context.text("Dockerfile", resource(YARN_DOCKERFILE));
        context.folder("hadoop");
        for (Path jar : distributions.hadoop(progress)) {
            context.file("hadoop/" + jar.getFileName(), jar);
        }
        return send(order, context, Map.of("JARS", jars), Map.of(), progress);
    }

    // ------------------------------------------------------------------ the archive

    /**
     * The image of the jars with one more layer. No two archives of the same are equal to the byte, so one that was made for this
     * very image of jars is taken again, whatever image it is in.
     *
     * @throws ArchiveUnfitException why there can be none
     */
    private Built withArchive(Order order, String jars, Progress progress, FirstQuery query)
            throws ArchiveUnfitException, LaunchException, RuntimeUnavailableException, IOException,
                    InterruptedException {
        LaunchPlan plan = trainingPlan(order.spark());
        String key = ArchiveKey.of(List.of(
                "format " + ARCHIVE_FORMAT,
                "image " + jars,
                "rendering " + plan.rendering().fingerprint()));
        Optional<String> known = images.oneLayerAbove(jars, ImageArchive.KEY + "=" + key);
        if (known.isPresent()) {
            tag(order, known.get());
            return new Built(
                    known.get(),
                    images.find(known.get()).flatMap(Images.Image::archive).map(ImageArchive::about),
                    Optional.empty());
        }
        Images.Image image = images.find(jars)
                .orElseThrow(() -> new ArchiveUnfitException("image " + jars + " was removed while it was built"));
        progress.report("training a class data archive: starting a server in a container of its own", 0, 0);
        String id;
        ImageArchive archive;
        try (TrainingContainer training = TrainingContainer.start(engine, image, plan)) {
            query.run(training);
            progress.report("training a class data archive: its JVM writes it", 0, 0);
            training.finish(WRITING);
            archive =
                    new ImageArchive(key, training.about(), order.spark().text(), training.javaHome(), training.kind());
            try (TrainingContainer.Made made = training.open()) {
                BuildContext context = new BuildContext()
                                .text("Dockerfile", resource(ARCHIVE_DOCKERFILE))
                                .folder("archive")
                                .text(
                                        "archive/" + ImageArchive.OPTIONS.getFileName(),
                                        archive.kind().useOptions(archive.file()))
                                .stream("archive/" + archive.kind().file(), made.stream(), made.size());
                id = send(order, context, Map.of("JARS", jars), archive.labels(), progress);
            }
        } catch (EngineRefusal e) {
            throw new ArchiveUnfitException("the engine refused its container: " + e.said());
        } catch (LaunchException e) {
            // Also a disk that fills up under the last layer: the image of the jars is whole.
            throw new ArchiveUnfitException(String.valueOf(e.getMessage()));
        }
        tag(order, id);
        return new Built(id, Optional.of(archive.about()), Optional.empty());
    }

    private static LaunchPlan trainingPlan(SparkVersion spark) throws IOException {
        byte[] random = new byte[4];
        new SecureRandom().nextBytes(random);
        Site site = DockerRuntime.site(Optional.of(JARS), Optional.empty());
        try {
            return TrainingPlan.of(
                    "docker",
                    spark,
                    site,
                    new ArchiveDemands(List.of(), false, List.of()),
                    HexFormat.of().formatHex(random));
        } catch (RenderException e) {
            throw new IOException("the files of a training server can't be rendered: " + e.getMessage(), e);
        }
    }

    /** Last of all: whoever interrupts a build finds the old image under its name. */
    private void tag(Order order, String id) throws LaunchException, RuntimeUnavailableException, InterruptedException {
        int colon = order.tag().lastIndexOf(':');
        boolean tagged = colon > order.tag().lastIndexOf('/');
        String repository = tagged ? order.tag().substring(0, colon) : order.tag();
        String tag = tagged ? order.tag().substring(colon + 1) : "latest";
        try {
            engine.ask("naming image " + order.tag(), Engine.PATIENCE, client -> client.tagImageCmd(id, repository, tag)
                    .exec());
        } catch (EngineRefusal e) {
            throw new LaunchException(
                    "IMAGE_UNFIT",
                    "the image can't be named " + order.tag() + ": " + e.said(),
                    "name it like --tag NAME:TAG, in small letters",
                    false,
                    e);
        }
    }

    // ------------------------------------------------------------------ the build

    private static void requireName(Order order) throws LaunchException {
        if (!NAME.matcher(order.tag()).matches()) {
            throw new LaunchException(
                    "IMAGE_UNFIT",
                    "'" + order.tag() + "' is no name for an image",
                    "name it like --tag NAME:TAG, in small letters",
                    false);
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
        context.text("Dockerfile", resource(DOCKERFILE));
        context.folder("spark");
        context.text("spark/RELEASE", "");
        context.folder("spark/jars");
        try (DirectoryStream<Path> jars =
                Files.newDirectoryStream(distributions.jarsFolder(order.runtime()), "*.jar")) {
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

    private static String resource(String name) throws IOException {
        try (InputStream in = ImageBuilder.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("this copy of connectctl has no " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Has the engine build one image; gives its id. */
    private String send(
            Order order,
            BuildContext context,
            Map<String, String> arguments,
            Map<String, String> labels,
            Progress progress)
            throws LaunchException, RuntimeUnavailableException, InterruptedException, IOException {
        long size = context.size();
        Building building = new Building(
                progress,
                labels.isEmpty() ? "sending the jars to the engine" : "sending the class data archive to the engine");
        try (InputStream archive = context.open(sent -> building.sent(sent, size))) {
            engine.ask("building image " + order.tag(), Engine.PATIENCE, client -> {
                BuildImageCmd command = client.buildImageCmd(archive)
                        .withLabels(labels)
                        .withRemove(true)
                        .withForcerm(true);
                arguments.forEach(command::withBuildArg);
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
        return images.find(building.image())
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
        private final String sending;
        private final CountDownLatch end = new CountDownLatch(1);
        private final Deque<String> lines = new ArrayDeque<>();
        private volatile long heard = System.nanoTime();
        private volatile String image = "";
        private long told;
        private volatile @Nullable Closeable stream;
        private volatile @Nullable String failure;

        Building(Progress progress, String sending) {
            this.progress = progress;
            this.sending = sending;
        }

        /** Told while the archive is read. */
        void sent(long bytes, long all) {
            heard = System.nanoTime();
            if (bytes == all || heard - told > REPORT_NANOS) {
                told = heard;
                progress.report(sending, bytes, all);
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
            return known != null || !image.isEmpty() ? Optional.ofNullable(known) : Optional.of("the engine broke off");
        }

        /** The image that was built, by some of the digits of its id. */
        String image() {
            return image;
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
                image = item.getImageId();
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
