package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Defaults;
import io.connectctl.compose.spec.SparkVersion;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl image build}. */
@Command(
        name = "build",
        description = {
            "Build an image of Spark Connect from Maven's jars, through the Docker engine.",
            "No registry need hold Spark; only the base image must be there, or be pulled: any Linux with Java 17 and bash. start --runtime docker"
                    + " takes connectctl/spark:VERSION where apache/spark:VERSION can't be had.",
            "A class data archive becomes a part of it, so that its servers start in about half the time: a server of its own runs a first query in"
                    + " a throwaway container without a network. That takes a minute or more, once; --no-archive does without.",
            "Prints the image's name. A second build of the same is done in seconds: every step is found in the engine's cache."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl image build",
            "  connectctl image build --spark 3.5.0 --base eclipse-temurin:17-jre",
            "  connectctl image build --packages io.delta:delta-spark_2.13:4.0.0 --tag spark-delta:4.0.1"
        })
final class ImageBuildCommand extends CliCommand {
    /** By name: the command line must not load, nor even know, what only a build needs. */
    private static final String MAIN = "io.connectctl.manager.daemon.ImageMain";

    private static final String END = "";

    @Option(names = "--spark", paramLabel = "VERSION", description = "The Spark version, such as 4.0.1.")
    @Nullable
    String spark;

    @Option(
            names = "--base",
            paramLabel = "IMAGE",
            description = "What it stands on; eclipse-temurin:17-jre-jammy unless said.")
    @Nullable
    String base;

    @Option(
            names = "--packages",
            paramLabel = "G:A:V",
            split = ",",
            description = "Maven coordinates to bake in, with all that they depend on; repeatable.")
    List<String> packages = new ArrayList<>();

    @Option(
            names = "--tag",
            paramLabel = "TAG",
            description = "The image's name; connectctl/spark:VERSION unless said.")
    @Nullable
    String tag;

    @Option(names = "--no-archive", arity = "0", description = "Make no class data archive part of the image.")
    boolean noArchive;

    @Option(
            names = "--yarn",
            arity = "0",
            description =
                    "With what the master yarn needs, and a YARN to try it on; connectctl/spark:VERSION-yarn unless said.")
    boolean yarn;

    ImageBuildCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        String version = spark != null ? spark : Defaults.SPARK.text();
        try {
            SparkVersion.parse(version);
        } catch (IllegalArgumentException e) {
            throw CliFailure.usage("--spark '" + version + "' is no version of Spark", "write it as 4.0.1");
        }
        Process process = new ProcessBuilder(context.tool()
                        .shortLived(
                                "256m",
                                List.of(),
                                MAIN,
                                List.of(
                                        version,
                                        base == null ? "" : base,
                                        String.join(",", packages),
                                        tag == null ? "" : tag,
                                        noArchive ? "no-archive" : "archive",
                                        yarn ? "yarn" : "no-yarn")))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        // Its stdin ends with us, whatever ends us; the hook only makes sure that it is gone when we are.
        Interrupts.Watch watch = context.interrupts().onSignal(process::destroy);
        try (ProgressLine progress = new ProgressLine(context, global.quiet, "image")) {
            return follow(process, progress);
        } finally {
            watch.over();
            process.destroy();
        }
    }

    private ExitCode follow(Process process, ProgressLine progress) throws IOException, InterruptedException {
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> read(process, lines), "build");
        reader.setDaemon(true);
        reader.start();
        while (true) {
            String line = lines.poll(250, TimeUnit.MILLISECONDS);
            if (line == null) {
                progress.tick();
                continue;
            }
            String[] words = line.split("\t", -1);
            switch (words[0]) {
                case "base" -> progress.step("base " + words[1]);
                case "step" -> progress.step(words[1]);
                case "built" -> {
                    progress.clear();
                    say("built " + words[1] + " (" + words[2] + ") in " + Durations.precise(progress.elapsedTime())
                            + (words[3].isEmpty() ? "" : ", with a class data archive for " + words[3]));
                    if (!words[4].isEmpty()) {
                        warn("it has no class data archive, so its servers start as before: "
                                + words[4].replace("\\n", "\n"));
                    }
                    out().println(words[1]);
                    return ExitCode.OK;
                }
                case "failed" -> {
                    progress.clear();
                    throw new CliFailure(
                            words[1].equals("INTERRUPTED") ? ExitCode.INTERRUPTED : ExitCode.FAILURE,
                            words[1] + ": " + words[2].replace("\\n", "\n"),
                            words[3].replace("\\n", "\n"));
                }
                case END -> {
                    progress.clear();
                    throw new CliFailure(
                            ExitCode.FAILURE,
                            "the build ended unexpectedly with exit code " + process.waitFor(),
                            "its last words are above");
                }
                default -> progress.note(line);
            }
        }
    }

    private static void read(Process process, BlockingQueue<String> lines) {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            String line = reader.readLine();
            while (line != null) {
                if (!line.isEmpty()) {
                    lines.add(line);
                }
                line = reader.readLine();
            }
        } catch (IOException e) {
            // It was ended.
        }
        lines.add(END);
    }
}
