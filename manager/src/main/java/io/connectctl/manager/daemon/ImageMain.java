package io.connectctl.manager.daemon;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.docker.ImageBuilder;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * {@code connectctl image build}: the process that does the work, with the libraries that the command line does without. It is no
 * part of the daemon: what a build needs (the engine's address, Maven's settings, proxies) is its caller's own environment, and
 * it ends with its caller.
 *
 * <p>Arguments: the Spark version, the base or an empty text, the packages with commas between, the tag or an empty text. It writes
 * lines to stdout, words separated by tabs: {@code step TEXT}, {@code base IMAGE}, then {@code built TAG ID} and exit code 0, or
 * {@code failed CODE MESSAGE REMEDY} and 1; line ends within are written as {@code \n}. It ends when its stdin does.
 */
public final class ImageMain {
    private ImageMain() {}

    /** Builds one image. */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Thread building = Thread.currentThread();
        Thread caller = new Thread(() -> awaitEnd(building), "caller");
        caller.setDaemon(true);
        caller.start();
        System.exit(run(out, List.of(arguments), System.getenv()));
    }

    private static int run(PrintStream out, List<String> arguments, Map<String, String> environment) {
        SparkVersion spark = SparkVersion.parse(arguments.get(0));
        ImageBuilder.Order order = new ImageBuilder.Order(
                spark,
                arguments.get(1).isEmpty() ? ImageBuilder.BASE : arguments.get(1),
                arguments.get(2).isEmpty()
                        ? List.of()
                        : List.of(arguments.get(2).split(",", -1)),
                arguments.get(3).isEmpty() ? ImageBuilder.tagFor(spark) : arguments.get(3));
        Progress progress =
                (stage, done, total) -> tell(out, "step", total > 0 ? stage + " " + done + "/" + total : stage);
        try (ImageBuilder builder = new ImageBuilder(cache(environment), environment)) {
            tell(out, "base", order.base());
            String id = builder.build(order, progress);
            tell(out, "built", order.tag(), id);
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
