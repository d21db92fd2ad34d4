package io.connectctl.manager.daemon;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.docker.ImageBuilder;
import io.connectctl.compose.spec.SparkVersion;
import io.connectctl.health.Probes;
import io.connectctl.manager.supervise.TrainingQuery;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code connectctl image build}: the process that does the work, with the libraries that the command line does without. It is no
 * part of the daemon: what a build needs (the engine's address, Maven's settings, proxies) is its caller's own environment, and
 * it ends with its caller.
 *
 * <p>Arguments: the Spark version, the base or an empty text, the packages with commas between, the tag or an empty text,
 * {@code archive} or {@code no-archive}, {@code yarn} or {@code no-yarn}. It writes lines to stdout, words separated by tabs: {@code step TEXT}, {@code base IMAGE},
 * then {@code built TAG ID ARCHIVE WHY} (what its class data archive is for, or why it has none; either may be empty) and exit
 * code 0, or {@code failed CODE MESSAGE REMEDY} and 1; line ends within are written as {@code \n}. It ends when its stdin does.
 */
public final class ImageMain {
    private static final Logger LOG = LoggerFactory.getLogger(ImageMain.class);
    /** Half a minute on a quiet machine; the container's own limit is the same. */
    private static final Duration LONGEST_TRAINING = Duration.ofMinutes(30);

    private static final long LOOK_MILLIS = 250;

    /** To remove the container of a training takes a second; whoever pressed Ctrl-C waits no longer than this. */
    private static final long END_SECONDS = 12;

    private ImageMain() {}

    /** Builds one image. */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Thread building = Thread.currentThread();
        // docker-java throws on threads of its own when a connection ends while it writes: what that means is told by
        // its reader.
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            if (thread.getName().startsWith("docker-java")) {
                LOG.debug("{} ended", thread.getName(), failure);
            } else {
                failure.printStackTrace();
            }
        });
        CountDownLatch over = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(building, over), "end"));
        Thread caller = new Thread(() -> awaitEnd(building), "caller");
        caller.setDaemon(true);
        caller.start();
        int code = 1;
        try {
            code = run(out, List.of(arguments), System.getenv());
        } finally {
            over.countDown();
        }
        System.exit(code);
    }

    /** After a signal: nothing that was made for the build may stay behind. */
    private static void end(Thread building, CountDownLatch over) {
        if (over.getCount() == 0) {
            return;
        }
        building.interrupt();
        try {
            if (!over.await(END_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("connectctl: the build didn't end in time; its container ends by itself");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int run(PrintStream out, List<String> arguments, Map<String, String> environment) {
        SparkVersion spark = SparkVersion.parse(arguments.get(0));
        boolean yarn = arguments.get(5).equals("yarn");
        ImageBuilder.Order order = new ImageBuilder.Order(
                spark,
                arguments.get(1).isEmpty() ? ImageBuilder.BASE : arguments.get(1),
                arguments.get(2).isEmpty()
                        ? List.of()
                        : List.of(arguments.get(2).split(",", -1)),
                arguments.get(3).isEmpty() ? ImageBuilder.tagFor(spark) + (yarn ? "-yarn" : "") : arguments.get(3),
                arguments.get(4).equals("archive"),
                yarn);
        Progress progress =
                (stage, done, total) -> tell(out, "step", total > 0 ? stage + " " + done + "/" + total : stage);
        try (ImageBuilder builder = new ImageBuilder(cache(environment), environment)) {
            tell(out, "base", order.base());
            TrainingQuery query =
                    new TrainingQuery(Probes::ladder, () -> TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS), LONGEST_TRAINING);
            ImageBuilder.Built built = builder.build(order, progress, query);
            tell(
                    out,
                    "built",
                    order.tag(),
                    built.id(),
                    built.archive().orElse(""),
                    built.without().orElse(""));
            return 0;
        } catch (LaunchException e) {
            tell(out, "failed", e.code(), String.valueOf(e.getMessage()), e.remedy());
            return 1;
        } catch (InterruptedException e) {
            tell(out, "failed", "INTERRUPTED", "interrupted", "");
            return 1;
        } catch (IOException e) {
            tell(out, "failed", "UNKNOWN", String.valueOf(e.getMessage()), "");
            return 1;
        }
    }

    private static Path cache(Map<String, String> environment) throws IOException {
        return Folders.of(environment, Path.of(System.getProperty("user.home")), PrivateFolder.uid())
                .cache();
    }

    private static synchronized void tell(PrintStream out, String... words) {
        StringBuilder line = new StringBuilder();
        for (String word : words) {
            line.append(line.isEmpty() ? "" : "\t")
                    .append(word.replace("\t", "    ").replace("\n", "\\n"));
        }
        out.println(line);
    }

    /** The caller holds the other end of stdin and says nothing. */
    private static void awaitEnd(Thread building) {
        try {
            while (System.in.read() >= 0) {
                Thread.onSpinWait();
            }
        } catch (IOException e) {
            // Gone as well.
        }
        building.interrupt();
    }
}
