package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.aether.DefaultRepositorySystemSession;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession.CloseableSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.util.graph.selector.AndDependencySelector;
import org.eclipse.aether.util.graph.transformer.ConfigurableVersionSelector;

/**
 * The packages of declarations, fetched once, one folder of jars a set of them: {@code CACHE/packages/KEY/jars}. Spark's own
 * resolver asks again at each start, knows nothing of the user's mirrors and proxies, and fails where Maven's local repository
 * holds a POM without its jar, as it does after many a build.
 */
final class Packages {
    private final FetchedFolders folders;
    private final Map<String, String> environment;

    /**
     * @param cache the cache folder
     * @param environment tells where Maven's settings are
     */
    Packages(Path cache, Map<String, String> environment) {
        this.folders = new FetchedFolders(cache.resolve("packages"));
        this.environment = Map.copyOf(environment);
    }

    /** Where the jars of this set lie or will lie. */
    Path jarsFolder(PackageSet set) {
        return folders.jars(set.key());
    }

    /** True if this set is here, or may be fetched to here. */
    boolean serves(PackageSet set) {
        return folders.serves(set.key());
    }

    /** The folder of every set that is here as a whole. */
    List<Path> folders() throws IOException {
        return folders.all();
    }

    /**
     * Makes the folder of this set whole.
     *
     * @param fetched where the jars of its Spark lie, if that was fetched
     * @throws LaunchException {@code PACKAGE_UNRESOLVABLE}, {@code DISK_FULL} or {@code FOLDER_UNWRITABLE}
     */
    void fetch(PackageSet set, Path fetched, Progress progress) throws LaunchException, InterruptedException {
        folders.fetch(
                set.key(), "packages", progress, (listener, cancelled) -> fetchNow(set, fetched, listener, cancelled));
    }

    private FetchedFolders.Contents fetchNow(PackageSet set, Path fetched, Progress progress, AtomicBoolean cancelled)
            throws LaunchException, IOException {
        MavenAccess maven = MavenAccess.of(environment);
        Transfers transfers = new Transfers("fetching packages", progress, cancelled);
        progress.report("resolving packages", 0, 0);
        try (RepositorySystem system = new Resolver().get();
                CloseableSession session = maven.session(system, transfers)) {
            PackageResolution resolution = new PackageResolution(maven, system, likeSparks(session), set.scala());
            List<Artifact> artifacts = resolution.collect(set.coordinates());
            transfers.expect(artifacts.size());
            List<Path> files = resolution.resolve(artifacts);
            Set<String> present = new HashSet<>(set.homeJars());
            if (present.isEmpty()) {
                ServerFolder.children(fetched).forEach(jar -> present.add(String.valueOf(jar.getFileName())));
            }
            Map<String, Path> jars = new HashMap<>();
            for (int i = 0; i < files.size(); i++) {
                String name = files.get(i).getFileName().toString();
                if (!present.contains(name)) {
                    // As Spark names them: two groups may have artifacts of one name.
                    jars.put(artifacts.get(i).getGroupId() + "_" + name, files.get(i));
                }
            }
            return new FetchedFolders.Contents(jars, set.about(), List.of());
        }
    }

    /** What Spark's own resolver would choose: the highest of several versions, and nothing that Spark brings. */
    private static DefaultRepositorySystemSession likeSparks(CloseableSession session) {
        DefaultRepositorySystemSession own = new DefaultRepositorySystemSession(session);
        own.setConfigProperty(
                ConfigurableVersionSelector.CONFIG_PROP_SELECTION_STRATEGY,
                ConfigurableVersionSelector.HIGHEST_SELECTION_STRATEGY);
        own.setDependencySelector(new AndDependencySelector(session.getDependencySelector(), new BroughtBySpark()));
        return own;
    }
}
