package io.connectctl.manager.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which connectctl.yaml. */
final class FileOption {
    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "The connectctl.yaml to use; else the nearest one, from the working folder upward.")
    @Nullable
    Path file;
}
