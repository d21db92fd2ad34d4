package io.connectctl.compose.render;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** A small cluster that an exported project brings along, so that servers on one can be tried on one machine. */
public enum TrialCluster {
    /** Spark's own master and a worker, of the servers' image. */
    STANDALONE("spark://cluster-master:7077"),
    /** A ResourceManager and a NodeManager, of an image that {@code connectctl image build --yarn} made. */
    YARN("yarn");

    /** Where servers and NodeManager find its Hadoop configuration. */
    public static final Path HADOOP_CONF = Path.of("/opt/connectctl/hadoop");

    private final String master;

    TrialCluster(String master) {
        this.master = master;
    }

    /** The names of its services, which no server can have. */
    public Set<String> services() {
        return switch (this) {
            case STANDALONE -> Set.of("cluster-master", "cluster-worker");
            case YARN -> Set.of("cluster-resourcemanager", "cluster-nodemanager");
        };
    }

    /** How servers name it. */
    public String master() {
        return master;
    }

    /** Its name for users. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The one of this name. */
    public static Optional<TrialCluster> of(String text) {
        return Arrays.stream(values()).filter(each -> each.text().equals(text)).findFirst();
    }
}
