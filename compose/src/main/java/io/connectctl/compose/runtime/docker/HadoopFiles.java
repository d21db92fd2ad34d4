package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.spec.HadoopConf;
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
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The files of a Hadoop configuration as they enter a container: copied at each launch, as the rendered files are, so that engines
 * elsewhere work and nothing in there can write to the folder of the cluster's administrators.
 */
final class HadoopFiles {
    /** Where they lie in the container. */
    static final Path FOLDER = Names.CONF.resolve("hadoop");

    /** Configuration is text of some kilobytes; beyond that it is something else that lies there. */
    private static final long LARGEST = 1 << 20;

    /** Without one of these that is there, a client would speak to the wrong cluster, or in the wrong way. */
    private static final Set<String> NEEDED =
            Set.of("core-site.xml", "yarn-site.xml", "hdfs-site.xml", "mapred-site.xml");

    /** What a cluster's own servers need, and no client: the passwords of their key stores, and who may run containers as whom. */
    private static final Pattern SERVERS_OWN =
            Pattern.compile("ssl-server\\.xml|container-executor\\.cfg|.*\\.(jks|jceks|p12|pfx|keystore|keytab|key)");

    private HadoopFiles() {}

    /**
     * Name to text; empty where no folder is declared. Subfolders, large files, what isn't text, what only a cluster's servers need, and
     * what the daemon's user may not read are left out.
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
                if (Files.isRegularFile(file)
                        && Files.size(file) <= LARGEST
                        && !name.startsWith(".")
                        && !SERVERS_OWN.matcher(name).matches()
                        && (NEEDED.contains(name) || Files.isReadable(file))) {
                    text(file).ifPresent(text -> files.put(name, text));
                }
            }
        } catch (IOException e) {
            throw unreadable(folder.get(), e);
        }
        checkInclusions(folder.get(), spec, files.keySet());
        return files;
    }

    /** Within the container its files include what was copied, by a name that leads nowhere else. */
    private static void checkInclusions(Path folder, ServerSpec spec, Set<String> copied) throws LaunchException {
        try {
            for (String inclusion : HadoopConf.of(folder, NEEDED, spec.env()).inclusions()) {
                if (!copied.contains(inclusion)) {
                    throw new LaunchException(
                            "HADOOP_CONF_UNREADABLE",
                            "the Hadoop configuration " + folder + " includes '" + inclusion
                                    + "', which a container doesn't have: it gets the text files of that very folder",
                            "copy that file into the folder, have it included by its name alone, and start again",
                            false);
                }
            }
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }

    private static LaunchException unreadable(Path folder, IOException e) {
        return new LaunchException(
                "HADOOP_CONF_UNREADABLE",
                "the Hadoop configuration " + folder + " can't be read: " + e,
                "see that the folder is there and that the daemon's user may read its files, or declare another hadoopConf",
                false,
                e);
    }

    private static Optional<String> text(Path file) throws IOException {
        try {
            return Optional.of(Files.readString(file, StandardCharsets.UTF_8));
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }
}
