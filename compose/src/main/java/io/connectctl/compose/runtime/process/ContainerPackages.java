package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The packages of servers in containers, in the same cache as those of processes: fetched once by this machine, with its Maven settings,
 * whatever network a container has. An image's own jars aren't known here, so that they come to what Spark's own resolver would choose.
 */
public final class ContainerPackages {
    /** In the place of the names of jars that are there already. */
    private static final List<String> AN_IMAGES = List.of("those of an image");

    private final Packages packages;

    /**
     * @param cache the cache folder
     * @param environment tells where Maven's settings are
     */
    public ContainerPackages(Path cache, Map<String, String> environment) {
        this.packages = new Packages(cache, environment);
    }

    /** Names what the declaration's packages come to; empty where it has none, and where Spark itself is to fetch them. */
    public Optional<String> key(ServerSpec spec) {
        return wanted(spec).map(PackageSet::key);
    }

    private Optional<PackageSet> wanted(ServerSpec spec) {
        return PackageSet.of(spec)
                .map(set -> new PackageSet(set.coordinates(), set.spark(), set.scala(), AN_IMAGES))
                .filter(packages::serves);
    }

    /**
     * The folder of their jars, fetched where it isn't here yet. They must have a {@link #key}.
     *
     * @throws LaunchException {@code PACKAGE_UNRESOLVABLE}, {@code DISK_FULL} or {@code FOLDER_UNWRITABLE}
     */
    public Path fetch(ServerSpec spec, Progress progress) throws LaunchException, InterruptedException {
        PackageSet set = wanted(spec)
                .orElseThrow(() -> new IllegalArgumentException(spec.name() + " has no packages to be fetched here"));
        Path jars = packages.jarsFolder(set);
        packages.fetch(set, jars, progress);
        return jars;
    }
}
