package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.spec.SparkVersion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.collection.DependencyCollectionException;
import org.eclipse.aether.graph.Dependency;
import org.eclipse.aether.graph.Exclusion;
import org.eclipse.aether.resolution.ArtifactDescriptorException;
import org.eclipse.aether.resolution.ArtifactDescriptorRequest;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.VersionRangeRequest;
import org.eclipse.aether.resolution.VersionRangeResolutionException;
import org.eclipse.aether.version.Version;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds all that one Spark version with its Connect server, and with what its master needs, consists of. */
final class SparkResolution extends Resolution {
    static final String GROUP = "org.apache.spark";

    private static final Logger LOG = LoggerFactory.getLogger(SparkResolution.class);
    private static final int NEARBY = 5;

    private final SparkRuntime runtime;
    private final SparkVersion version;

    SparkResolution(MavenAccess maven, RepositorySystem system, RepositorySystemSession session, SparkRuntime runtime) {
        super(maven, system, session, "SPARK_UNRESOLVABLE");
        this.runtime = runtime;
        this.version = runtime.version();
    }

    private Artifact artifact(String module, String extension) {
        return new DefaultArtifact(GROUP, module + "_" + version.scalaBinary(), extension, version.text());
    }

    /** Fails early, and with the versions there are, where this version isn't published. */
    void requireConnect() throws LaunchException {
        Artifact connect = artifact("spark-connect", "jar");
        try {
            system.readArtifactDescriptor(
                    session, new ArtifactDescriptorRequest(artifact("spark-connect", "pom"), repositories, ""));
            system.resolveArtifact(session, new ArtifactRequest(connect, repositories, ""));
        } catch (ArtifactResolutionException | ArtifactDescriptorException e) {
            throw failure(connect, e);
        }
    }

    /** Fails where what the master needs isn't published for this version, as spark-yarn isn't everywhere for 4.x. */
    void requireModule() throws LaunchException {
        String module = runtime.module().artifact();
        if (module.isEmpty()) {
            return;
        }
        Artifact wanted = artifact(module, "jar");
        try {
            system.resolveArtifact(session, new ArtifactRequest(wanted, repositories, ""));
        } catch (ArtifactResolutionException e) {
            throw failure(wanted, e);
        }
    }

    boolean hasMllib() throws LaunchException {
        Artifact mllib = artifact("spark-mllib", "jar");
        try {
            system.resolveArtifact(session, new ArtifactRequest(mllib, repositories, ""));
            return true;
        } catch (ArtifactResolutionException e) {
            if (notFound(e)) {
                LOG.warn("{} isn't published: sessions of this server can't be closed and don't expire", mllib);
                return false;
            }
            throw failure(mllib, e);
        }
    }

    List<Artifact> collect(boolean mllib) throws LaunchException {
        CollectRequest request = new CollectRequest();
        request.setRepositories(repositories);
        List<String> modules = new ArrayList<>(List.of("spark-connect", "spark-sql"));
        if (mllib) {
            modules.add("spark-mllib");
        }
        if (!runtime.module().artifact().isEmpty()) {
            modules.add(runtime.module().artifact());
        }
        for (String module : modules) {
            request.addDependency(new Dependency(artifact(module, "jar"), RUNTIME));
        }
        for (String coordinates : runtime.module().besides()) {
            // That jar alone, as Spark's own distributions have it: what it depends on is in Hadoop's shaded client,
            // and
            // its Jersey 1 would break the UI's REST API, which runs on Jersey 2 (same package, older classes).
            request.addDependency(new Dependency(
                    new DefaultArtifact(coordinates), RUNTIME, false, List.of(new Exclusion("*", "*", "*", "*"))));
        }
        try {
            Map<String, Artifact> jars = new LinkedHashMap<>();
            gather(system.collectDependencies(session, request).getRoot(), jars);
            return List.copyOf(jars.values());
        } catch (DependencyCollectionException e) {
            throw failure(artifact("spark-connect", "jar"), e);
        }
    }

    @Override
    String consumer() {
        return "Spark " + runtime;
    }

    @Override
    String offline() {
        return "point sparkHome at an unpacked Spark";
    }

    @Override
    LaunchException unpublished(Artifact artifact, Exception e) {
        if (artifact.getArtifactId().startsWith("spark-connect")) {
            return unresolvable(
                    "Spark " + version + " isn't published as " + name(artifact) + "; asked: " + asked(),
                    nearby(),
                    false,
                    e);
        }
        String module = runtime.module().artifact();
        if (!module.isEmpty() && artifact.getArtifactId().startsWith(module + "_")) {
            return unresolvable(
                    name(artifact) + ", without which Spark " + version
                            + " can't use this master, isn't published; asked: " + asked(),
                    "point sparkHome at an unpacked Spark distribution, which brings it, or "
                            + nearby(module, "take a Spark version that is published with it, such as 3.5.0"),
                    false,
                    e);
        }
        return unresolvable(
                name(artifact) + ", which Spark " + version + " needs, isn't published; asked: " + asked(),
                nearby() + ", or point sparkHome at an unpacked Spark",
                false,
                e);
    }

    /** The remedy for a version that doesn't exist: those that do. */
    private String nearby() {
        return nearby("spark-connect", "choose a published version, such as 4.0.1");
    }

    private String nearby(String module, String otherwise) {
        VersionRangeRequest request = new VersionRangeRequest(
                new DefaultArtifact(GROUP, module + "_" + version.scalaBinary(), "jar", "[0,)"), repositories, "");
        Map<Long, String> byDistance = new TreeMap<>();
        try {
            for (Version found : system.resolveVersionRange(session, request).getVersions()) {
                try {
                    SparkVersion other = SparkVersion.parse(found.toString());
                    if (!other.equals(version)) {
                        byDistance.put(distance(other), other.text());
                    }
                } catch (IllegalArgumentException e) {
                    LOG.debug("not a Spark version: {}", found);
                }
            }
        } catch (VersionRangeResolutionException e) {
            LOG.debug("the versions of Spark can't be listed", MavenAccess.plain(e));
        }
        List<String> names = byDistance.values().stream().limit(NEARBY).toList();
        return names.isEmpty() ? otherwise : "choose a published version; nearby are " + String.join(", ", names);
    }

    private long distance(SparkVersion other) {
        long minors = Math.abs((other.major() - version.major()) * 1_000L + other.minor() - version.minor());
        long patches = Math.abs(other.patch() - version.patch());
        // Unique for each version: earlier before later, releases before previews.
        boolean later = other.compareTo(version) > 0;
        boolean preview = !other.text().matches("[0-9.]+");
        return ((minors * 1_000 + patches) * 2 + (later ? 1 : 0)) * 2 + (preview ? 1 : 0);
    }
}
