package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.spec.SparkVersion;
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
import org.eclipse.aether.resolution.ArtifactDescriptorException;
import org.eclipse.aether.resolution.ArtifactDescriptorRequest;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.VersionRangeRequest;
import org.eclipse.aether.resolution.VersionRangeResolutionException;
import org.eclipse.aether.version.Version;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds all that one Spark version with its Connect server consists of. */
final class SparkResolution extends Resolution {
    static final String GROUP = "org.apache.spark";

    private static final Logger LOG = LoggerFactory.getLogger(SparkResolution.class);
    private static final int NEARBY = 5;

    private final SparkVersion version;

    SparkResolution(MavenAccess maven, RepositorySystem system, RepositorySystemSession session, SparkVersion version) {
        super(maven, system, session, "SPARK_UNRESOLVABLE");
        this.version = version;
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
        List<String> modules =
                mllib ? List.of("spark-connect", "spark-sql", "spark-mllib") : List.of("spark-connect", "spark-sql");
        for (String module : modules) {
            request.addDependency(new Dependency(artifact(module, "jar"), RUNTIME));
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
        return "Spark " + version;
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
        return unresolvable(
                name(artifact) + ", which Spark " + version + " needs, isn't published; asked: " + asked(),
                nearby() + ", or point sparkHome at an unpacked Spark",
                false,
                e);
    }

    /** The remedy for a version that doesn't exist: those that do. */
    private String nearby() {
        VersionRangeRequest request = new VersionRangeRequest(
                new DefaultArtifact(GROUP, "spark-connect_" + version.scalaBinary(), "jar", "[0,)"), repositories, "");
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
        return names.isEmpty()
                ? "choose a published version, such as 4.0.1"
                : "choose a published version; nearby are " + String.join(", ", names);
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
