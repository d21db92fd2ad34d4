package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.PullResponseItem;
import com.github.dockerjava.api.model.ResponseItem;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Images: whether they are here, can be had, and where Spark and Java lie in them. */
final class Images {
    /** A registry that is there answers in some hundred milliseconds; a wrong route shows by silence only. */
    private static final Duration REGISTRY_PATIENCE = Duration.ofSeconds(4);

    /** While a pull gets on, something is said every second; unpacking a large layer takes a while. */
    private static final Duration PULL_SILENCE = Duration.ofMinutes(3);

    /** What an engine gives to a container whose image has none. */
    private static final String STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /** Where an image's users are named. */
    static final String PASSWD = "/etc/passwd";

    private final Engine engine;
    /** The first line of a distribution's RELEASE: {@code Spark 4.0.1 (git revision ...) built for Hadoop 3.4.1}. */
    private static final Pattern RELEASE = Pattern.compile("^Spark (\\S{1,60})");

    /** The release that a vendor's version, such as {@code 3.5.0-amzn-1}, is made of. */
    private static final Pattern REQUEST = Pattern.compile("Get \"?https?://([^/\"]{1,260})[^ ]*: dial .*: ([^:]+)");

    private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+\\.\\d+");

    /** What was found fit, and the Spark in it, where that is told. */
    private final Map<String, Optional<SparkVersion>> fit = new ConcurrentHashMap<>();
    /** By image and program: where the program lies in it; an image never changes. */
    private final Map<String, Optional<Path>> programs = new ConcurrentHashMap<>();

    Images(Engine engine) {
        this.engine = engine;
    }

    /**
     * An image, as far as it matters here.
     *
     * @param id its id, which no other image has
     * @param jars the folder of Spark's jars, where a label says so
     * @param sparkHome the Spark distribution in it otherwise
     * @param javaHome its JAVA_HOME
     * @param path its PATH
     * @param user its own user; empty text for root
     * @param environment its variables
     * @param archive the class data archive that it holds
     * @param spark the version of its Spark, where a label says so
     */
    record Image(
            String id,
            Optional<Path> jars,
            Optional<Path> sparkHome,
            Optional<Path> javaHome,
            String path,
            String user,
            Map<String, String> environment,
            Optional<ImageArchive> archive,
            Optional<String> spark) {
        Image {
            environment = Map.copyOf(environment);
        }
    }

    /**
     * The id of an image with this label ({@code key=value}) that is {@code below} and one layer more; empty if there is none.
     * Labels are inherited: an image that somebody made from such a one has the same, and is none of ours.
     */
    Optional<String> oneLayerAbove(String below, String label)
            throws RuntimeUnavailableException, InterruptedException {
        String doing = "looking for an image with the label " + label;
        try {
            List<String> beneath = layers(below);
            JsonNode labelled = engine.get(
                    doing, Engine.PATIENCE, "/images/json?filters=" + Engine.filters(Map.of("label", List.of(label))));
            for (JsonNode image : labelled) {
                String id = image.path("Id").asText();
                List<String> layers = layers(id);
                if (layers.size() == beneath.size() + 1
                        && layers.subList(0, beneath.size()).equals(beneath)) {
                    return Optional.of(id);
                }
            }
            return Optional.empty();
        } catch (EngineRefusal e) {
            throw engine.unanswered(doing, e);
        }
    }

    private List<String> layers(String id) throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        List<String> layers = new ArrayList<>();
        engine.get("looking at the layers of image " + id, Engine.PATIENCE, "/images/" + Engine.encode(id) + "/json")
                .path("RootFS")
                .path("Layers")
                .forEach(layer -> layers.add(layer.asText()));
        return layers;
    }

    /** An image that is here; empty if it isn't. */
    Optional<Image> find(String name) throws RuntimeUnavailableException, InterruptedException {
        String doing = "looking for image " + name;
        try {
            // A slash is part of an image's name and of its path.
            JsonNode json = engine.get(
                    doing, Engine.PATIENCE, "/images/" + Engine.encode(name).replace("%2F", "/") + "/json");
            return Optional.of(of(json));
        } catch (EngineRefusal e) {
            if (e.status() == EngineRefusal.NOT_FOUND) {
                return Optional.empty();
            }
            throw engine.unanswered(doing, e);
        }
    }

    private static Image of(JsonNode json) {
        JsonNode config = json.path("Config");
        Map<String, String> environment = new TreeMap<>();
        for (JsonNode entry : config.path("Env")) {
            String[] parts = entry.asText().split("=", 2);
            environment.put(parts[0], parts.length > 1 ? parts[1] : "");
        }
        Map<String, String> labels = new TreeMap<>();
        config.path("Labels")
                .properties()
                .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
        Optional<Path> jars = absolute(labels.get(Names.JARS));
        Optional<Path> home = jars.isPresent()
                ? Optional.empty()
                : absolute(environment.get("SPARK_HOME")).or(() -> Optional.of(Names.SPARK_HOME));
        return new Image(
                json.path("Id").asText(),
                jars,
                home,
                absolute(environment.get("JAVA_HOME")),
                environment.getOrDefault("PATH", STANDARD_PATH),
                config.path("User").asText(""),
                environment,
                ImageArchive.of(labels),
                Optional.ofNullable(labels.get(Names.SPARK)));
    }

    private static Optional<Path> absolute(@Nullable String text) {
        return text == null || !text.startsWith("/") ? Optional.empty() : Optional.of(Path.of(text));
    }

    /**
     * The image that a declaration means. Where it names none, that is {@code apache/spark:VERSION}; where that one is neither
     * here nor to be had, and one that {@code connectctl image build} made is here, it is that one.
     *
     * @param before the image that the server had last; null for none. One that was built here isn't changed for another one as
     *     soon as a registry answers again.
     * @param progress hears which one is taken instead
     */
    String choose(ServerSpec spec, @Nullable String before, Progress progress)
            throws RuntimeUnavailableException, InterruptedException {
        String wanted = spec.container().imageFor(spec.spark());
        String built = Names.builtImage(spec.spark());
        if (spec.container().image().isPresent()
                || find(wanted).isPresent()
                || find(built).isEmpty()
                || (!built.equals(before) && registry(wanted, spec.spark()).isEmpty())) {
            return wanted;
        }
        progress.report(wanted + " isn't here and can't be pulled: taking " + built + ", which was built here", 0, 0);
        return built;
    }

    // ------------------------------------------------------------------ getting one

    /**
     * The image, pulled if it isn't here.
     *
     * @throws LaunchException IMAGE_MISSING, REGISTRY_UNREACHABLE, DISK_FULL
     */
    Image require(String name, SparkVersion spark, Progress progress)
            throws LaunchException, RuntimeUnavailableException, InterruptedException {
        Optional<Image> here = find(name);
        if (here.isPresent()) {
            return here.get();
        }
        // A pull takes minutes to give up on a registry that doesn't answer; this question takes seconds.
        Optional<LaunchException> against = registry(name, spark);
        if (against.isPresent()) {
            throw against.get();
        }
        pull(name, spark, progress);
        return find(name).orElseThrow(() -> missing(name, "it was pulled, and is gone again", spark, null));
    }

    /** Why it can't be pulled; empty where its registry has it. */
    Optional<LaunchException> registry(String name, SparkVersion spark)
            throws RuntimeUnavailableException, InterruptedException {
        try {
            engine.get(
                    "asking the registry for image " + name,
                    REGISTRY_PATIENCE,
                    "/distribution/" + Engine.encode(name).replace("%2F", "/") + "/json",
                    authorization(name));
            return Optional.empty();
        } catch (EngineRefusal e) {
            return Optional.of(failure(name, e.said(), spark, e));
        } catch (RuntimeUnavailableException e) {
            // Either the engine is gone, or it still waits for the registry.
            find(name);
            return Optional.of(
                    unreachable(name, "it gave no answer within " + REGISTRY_PATIENCE.toSeconds() + " s", spark, e));
        }
    }

    /** The credentials that {@code docker login} left in its settings for this image's registry. */
    private Map<String, String> authorization(String name) throws RuntimeUnavailableException, InterruptedException {
        try {
            String header = engine.ask("reading the registry's credentials", Engine.PATIENCE, client -> {
                var config = client.pullImageCmd(name).getAuthConfig();
                return config == null || (config.getRegistryAddress() == null && config.getUsername() == null)
                        ? ""
                        : java.util.Base64.getUrlEncoder()
                                .encodeToString(
                                        new com.fasterxml.jackson.databind.ObjectMapper().writeValueAsBytes(config));
            });
            return header.isEmpty() ? Map.of() : Map.of("X-Registry-Auth", header);
        } catch (EngineRefusal e) {
            return Map.of();
        }
    }

    private void pull(String name, SparkVersion spark, Progress progress)
            throws LaunchException, RuntimeUnavailableException, InterruptedException {
        progress.report("pulling " + name, 0, 0);
        Pull pull = new Pull("pulling " + name, progress);
        try {
            engine.ask("starting the pull of " + name, Engine.PATIENCE, client -> client.pullImageCmd(name)
                    .exec(pull));
            pull.await();
        } catch (EngineRefusal e) {
            throw failure(name, e.said(), spark, e);
        } finally {
            pull.close();
        }
        Optional<String> failure = pull.failure();
        if (failure.isPresent()) {
            throw failure(name, failure.get(), spark, null);
        }
    }

    /** Adds up what is said of each layer. */
    private static final class Pull implements ResultCallback<PullResponseItem> {
        private record Layer(long done, long total) {}

        private final String stage;
        private final Progress progress;
        private final CountDownLatch end = new CountDownLatch(1);
        private final Map<String, Layer> layers = new TreeMap<>();
        private volatile long heard = System.nanoTime();
        private volatile @Nullable Closeable stream;
        private volatile @Nullable String failure;

        Pull(String stage, Progress progress) {
            this.stage = stage;
            this.progress = progress;
        }

        /** Until the pull ended, or said nothing for too long. */
        void await() throws InterruptedException {
            while (!end.await(1, TimeUnit.SECONDS)) {
                if (System.nanoTime() - heard > PULL_SILENCE.toNanos()) {
                    failure = "nothing came for " + PULL_SILENCE.toSeconds() + " s: connection timed out";
                    return;
                }
            }
        }

        Optional<String> failure() {
            return Optional.ofNullable(failure);
        }

        @Override
        public void onStart(Closeable closeable) {
            stream = closeable;
        }

        @Override
        public void onNext(PullResponseItem item) {
            heard = System.nanoTime();
            ResponseItem.ErrorDetail error = item.getErrorDetail();
            if (error != null) {
                failure = String.valueOf(error.getMessage());
                return;
            }
            String id = item.getId();
            ResponseItem.ProgressDetail detail = item.getProgressDetail();
            String status = item.getStatus();
            if (id == null || status == null) {
                return;
            }
            Layer layer = layers.get(id);
            if (status.equals("Downloading")
                    && detail != null
                    && detail.getCurrent() != null
                    && detail.getTotal() != null) {
                layers.put(id, new Layer(detail.getCurrent(), Math.max(detail.getCurrent(), detail.getTotal())));
            } else if (status.equals("Download complete") && layer != null) {
                layers.put(id, new Layer(layer.total(), layer.total()));
            } else {
                return;
            }
            long done = 0;
            long total = 0;
            for (Layer each : layers.values()) {
                done += each.done();
                total += each.total();
            }
            progress.report(stage, done, total);
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

    // ------------------------------------------------------------------ what was said

    private static LaunchException failure(String name, String said, SparkVersion spark, @Nullable Throwable cause) {
        String text = said.toLowerCase(Locale.ROOT);
        if (text.contains("no space left")) {
            return new LaunchException(
                    "DISK_FULL",
                    "image " + name + " can't be pulled, the engine's disk is full: " + said,
                    "free space there: docker system df shows what takes it",
                    true,
                    cause == null ? new IOException(said) : cause);
        }
        for (String sign : new String[] {
            "manifest unknown",
            "not found",
            "no such image",
            "name unknown",
            "does not exist",
            "access to the resource is denied",
            "unauthorized",
            "no matching manifest",
            "invalid reference"
        }) {
            if (text.contains(sign)) {
                return missing(name, said, spark, cause);
            }
        }
        return unreachable(name, inShort(said), spark, cause);
    }

    private static LaunchException missing(String name, String why, SparkVersion spark, @Nullable Throwable cause) {
        return new LaunchException(
                "IMAGE_MISSING",
                "image " + name + " isn't here, and its registry doesn't give it: " + why,
                "correct the image, log in to its registry (docker login), or build one: connectctl image build --spark "
                        + spark.text() + "; or run it as a process: --runtime process",
                false,
                cause == null ? new IOException(why) : cause);
    }

    /** A failed request as Go tells it, with every step between: what it was for and what came of it is all that people need. */
    static String inShort(String said) {
        Matcher request = REQUEST.matcher(said);
        return request.matches() ? request.group(2) + " (" + request.group(1) + ")" : said;
    }

    private static LaunchException unreachable(String name, String why, SparkVersion spark, @Nullable Throwable cause) {
        return new LaunchException(
                "REGISTRY_UNREACHABLE",
                "image " + name + " isn't here, and its registry can't be asked: " + why,
                "build one without a registry: connectctl image build --spark " + spark.text()
                        + "; or run it as a process: --runtime process",
                false,
                cause == null ? new IOException(why) : cause);
    }

    // ------------------------------------------------------------------ is Spark in it

    /**
     * Sees to it that Java and the declared Spark are in the image, by looking into a container of it that is never started.
     *
     * @param declared what is taken for its Spark: by it settings are refused that another one would silently ignore
     * @param guarded whether the server relies on a token, which Spark knows since 4.0
     * @param spark whether the server will run as uid 185; the image must know that user then, as Hadoop's login fails for
     *     one without a name ("invalid null input: name")
     * @throws LaunchException IMAGE_UNFIT
     */
    void check(
            String name, Image image, Map<String, String> labels, SparkVersion declared, boolean guarded, boolean spark)
            throws LaunchException, RuntimeUnavailableException, InterruptedException {
        String key = image.id() + " " + declared + (spark ? " spark" : "");
        Optional<SparkVersion> known = fit.get(key);
        if (known == null) {
            known = look(name, image, labels, declared, spark);
            fit.put(key, known);
        }
        if (known.isEmpty() ? guarded : known.get().major() != declared.major()) {
            throw new LaunchException(
                    "IMAGE_UNFIT",
                    known.isEmpty()
                            ? "it can't be told which Spark image " + name + " holds (its label " + Names.SPARK
                                    + " and its RELEASE say nothing, and there is no spark-core jar of " + declared
                                    + "), and one before 4.0 would ignore the token"
                            : "image " + name + " holds Spark " + known.get() + ", and " + declared + " is declared",
                    known.isEmpty()
                            ? "label the image with " + Names.SPARK
                                    + "=VERSION, or declare auth: none with expose: loopback"
                            : "declare spark: " + known.get() + " (--spark " + known.get()
                                    + "), or name an image of Spark " + declared,
                    false);
        }
    }

    /** As its label says, or the file that distributions bring; or the one that is declared, where its jar is there. */
    private Optional<SparkVersion> sparkIn(Image image, String container, SparkVersion declared)
            throws RuntimeUnavailableException, InterruptedException, EngineRefusal {
        Optional<SparkVersion> told = image.spark().flatMap(Images::version);
        if (told.isEmpty() && image.sparkHome().isPresent()) {
            Matcher release = RELEASE.matcher(engine.text(
                    container, image.sparkHome().get().resolve("RELEASE").toString()));
            told = release.find() ? version(release.group(1)) : Optional.empty();
        }
        if (told.isPresent()) {
            return told;
        }
        Path jars = image.jars()
                .or(() -> image.sparkHome().map(home -> home.resolve("jars")))
                .orElseThrow();
        for (String scala : List.of("2.12", "2.13")) {
            if (exists(container, jars.resolve("spark-core_" + scala + "-" + declared + ".jar"))) {
                return Optional.of(declared);
            }
        }
        return Optional.empty();
    }

    private static Optional<SparkVersion> version(String text) {
        Matcher version = VERSION.matcher(text);
        try {
            return version.lookingAt() ? Optional.of(SparkVersion.parse(version.group())) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private Optional<SparkVersion> look(
            String name, Image image, Map<String, String> labels, SparkVersion declared, boolean spark)
            throws LaunchException, RuntimeUnavailableException, InterruptedException {
        try {
            String look = engine.ask(
                    "looking into image " + name, Engine.PATIENCE, client -> client.createContainerCmd(image.id())
                            .withCmd("/bin/sh")
                            .withLabels(labels)
                            .exec()
                            .getId());
            try {
                check(name, image, look);
                if (spark && engine.text(look, PASSWD).lines().noneMatch(line -> line.matches("[^:]+:[^:]*:185:.*"))) {
                    throw new LaunchException(
                            "IMAGE_UNFIT",
                            "image " + name + " has no user with uid " + Launcher.SPARK_USER + " in its " + PASSWD
                                    + ", and Spark doesn't start for a user without a name",
                            "add one to the image (RUN useradd -u " + Launcher.SPARK_USER
                                    + " spark), or declare container.loosen: [user] to run as the image's own user",
                            false);
                }
                return sparkIn(image, look, declared);
            } finally {
                engine.ask(
                        "removing a container that was looked into",
                        Engine.PATIENCE,
                        client ->
                                client.removeContainerCmd(look).withForce(true).exec());
            }
        } catch (EngineRefusal e) {
            throw engine.unanswered("looking into image " + name, e);
        }
    }

    private void check(String name, Image image, String container)
            throws LaunchException, RuntimeUnavailableException, InterruptedException, EngineRefusal {
        Path spark = image.jars()
                .or(() -> image.sparkHome().map(home -> home.resolve("bin/spark-submit")))
                .orElseThrow();
        if (!exists(container, spark)) {
            throw unfit(
                    name,
                    "it has no " + spark + " (Spark's home is its SPARK_HOME, else " + Names.SPARK_HOME
                            + "; a bare folder of jars is named by its label " + Names.JARS + ")");
        }
        if (!exists(container, Path.of("/bin/sh"))) {
            throw unfit(name, "it has no /bin/sh");
        }
        if (image.jars().isEmpty() && !onPath(image, container, "bash")) {
            throw unfit(name, "it has no bash, which Spark's own scripts are written for");
        }
        boolean java = false;
        if (image.javaHome().isPresent()) {
            java = exists(container, image.javaHome().get().resolve("bin/java"));
        }
        java = java || onPath(image, container, "java");
        if (!java) {
            throw unfit(
                    name,
                    "it has no java: neither in its JAVA_HOME ("
                            + image.javaHome().map(Path::toString).orElse("not set") + ") nor on its PATH ("
                            + image.path() + ")");
        }
    }

    private boolean onPath(Image image, String container, String program)
            throws RuntimeUnavailableException, InterruptedException, EngineRefusal {
        for (String folder : image.path().split(":", -1)) {
            if (folder.startsWith("/") && exists(container, Path.of(folder, program))) {
                return true;
            }
        }
        return false;
    }

    private static LaunchException unfit(String name, String why) {
        return new LaunchException(
                "IMAGE_UNFIT",
                "image " + name + " can't run a Spark Connect server: " + why,
                "use an image like apache/spark, or build one: connectctl image build",
                false);
    }

    /**
     * Where a program lies in an image, by a look into a container of it, which may have ended; once an image.
     *
     * @param program its name, looked for on the container's PATH, or an absolute path
     */
    Optional<Path> program(Container container, String program)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        String key = container.image() + " " + program;
        Optional<Path> known = programs.get(key);
        if (known == null) {
            known = look(container, program);
            programs.put(key, known);
        }
        return known;
    }

    private Optional<Path> look(Container container, String program)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        if (program.startsWith("/")) {
            return exists(container.id(), Path.of(program)) ? Optional.of(Path.of(program)) : Optional.empty();
        }
        for (String folder :
                container.environment().getOrDefault("PATH", STANDARD_PATH).split(":", -1)) {
            if (folder.startsWith("/") && exists(container.id(), Path.of(folder, program))) {
                return Optional.of(Path.of(folder, program));
            }
        }
        return Optional.empty();
    }

    private boolean exists(String container, Path path)
            throws RuntimeUnavailableException, InterruptedException, EngineRefusal {
        return engine.exists(container, path.toString());
    }
}
