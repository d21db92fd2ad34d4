package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The files of a Hadoop configuration as they enter a container: copied at each launch, as the rendered files are, so that engines
 * elsewhere work and nothing in there can write to the folder of the cluster's administrators.
 */
final class HadoopFiles {
    /** Where they lie in the container. */
    static final Path FOLDER = Names.CONF.resolve("hadoop");

    /** Configuration is text of some kilobytes; beyond that it is something else that lies there. */
    private static final long LARGEST = 1 << 20;

    private HadoopFiles() {}

    /**
     * Name to text; empty where no folder is declared. Subfolders, large files and what isn't text are left out.
     *
     * @throws LaunchException {@code HADOOP_CONF_UNREADABLE}
     */
    static Map<String, String> of(ServerSpec spec) throws LaunchException {
        Map<String, String> files = new TreeMap<>();
        Optional<Path> folder = spec.cluster().hadoopConf();
        if (folder.isEmpty()) {
            return files;
        }
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder.get())) {
            for (Path file : all) {
                String name = String.valueOf(Objects.requireNonNull(file.getFileName()));
                if (Files.isRegularFile(file) && Files.size(file) <= LARGEST && !name.startsWith(".")) {
                    text(file).ifPresent(text -> files.put(name, text));
                }
            }
        } catch (IOException e) {
            throw new LaunchException(
                    "HADOOP_CONF_UNREADABLE",
                    "the Hadoop configuration " + folder.get() + " can't be read: " + e,
                    "see that the folder is there and that the daemon's user may read its files, or declare another hadoopConf",
                    false,
                    e);
        }
        return files;
    }

    private static Optional<String> text(Path file) throws IOException {
        try {
            return Optional.of(Files.readString(file, StandardCharsets.UTF_8));
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }
}
