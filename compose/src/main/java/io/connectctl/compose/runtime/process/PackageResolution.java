package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.maven.model.io.xpp3.MavenXpp3Reader;
import org.codehaus.plexus.util.xml.pull.XmlPullParserException;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.collection.DependencyCollectionException;
import org.eclipse.aether.graph.Dependency;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;

/** Finds packages that a declaration adds to Spark, and all that they depend on. */
final class PackageResolution extends Resolution {
    private final String scala;

    /** @param scala Scala's binary version in Spark, which the names of packages mostly end in */
    PackageResolution(MavenAccess maven, RepositorySystem system, RepositorySystemSession session, String scala) {
        super(maven, system, session, "PACKAGE_UNRESOLVABLE");
        this.scala = scala;
    }

    /** The jars of these coordinates and of all they depend on; which versions, and what is left out, the session says. */
    List<Artifact> collect(List<String> coordinates) throws LaunchException {
        CollectRequest request = new CollectRequest();
        request.setRepositories(repositories);
        List<Artifact> wanted = new ArrayList<>();
        for (String coordinate : coordinates) {
            try {
                wanted.add(new DefaultArtifact(coordinate));
            } catch (IllegalArgumentException e) {
                throw unresolvable(
                        "package '" + coordinate + "' is no Maven coordinate",
                        "write group:artifact:version, such as org.apache.spark:spark-avro_2.13:4.0.1",
                        false,
                        e);
            }
        }
        try {
            for (Artifact artifact : wanted) {
                // Collecting takes a package without a POM for one without dependencies.
                request.addDependency(new Dependency(published(artifact), RUNTIME));
            }
            Map<String, Artifact> all = new LinkedHashMap<>();
            gather(system.collectDependencies(session, request).getRoot(), all);
            return all.values().stream()
                    .filter(artifact -> artifact.getExtension().equals("jar"))
                    .toList();
        } catch (ArtifactResolutionException e) {
            throw failure(missing(e), e);
        } catch (DependencyCollectionException e) {
            throw failure(wanted.get(0), e);
        }
    }

    /** The package itself, or its POM where it is no more than a list of others. */
    private Artifact published(Artifact artifact) throws ArtifactResolutionException {
        try {
            system.resolveArtifact(session, new ArtifactRequest(artifact, repositories, ""));
            return artifact;
        } catch (ArtifactResolutionException e) {
            Artifact pom =
                    new DefaultArtifact(artifact.getGroupId(), artifact.getArtifactId(), "pom", artifact.getVersion());
            if (notFound(e) && packaging(pom).equals("pom")) {
                return pom;
            }
            throw e;
        }
    }

    private String packaging(Artifact pom) {
        try {
            Path file = system.resolveArtifact(session, new ArtifactRequest(pom, repositories, ""))
                    .getArtifact()
                    .getPath();
            try (InputStream text = Files.newInputStream(file)) {
                return new MavenXpp3Reader().read(text).getPackaging();
            }
        } catch (ArtifactResolutionException | IOException | XmlPullParserException e) {
            return ""; // so it isn't published at all, which is what will be told
        }
    }

    @Override
    String consumer() {
        return "a package";
    }

    @Override
    String offline() {
        return "leave the package out";
    }

    @Override
    LaunchException unpublished(Artifact artifact, Exception e) {
        return unresolvable(
                "package " + name(artifact) + " isn't published; asked: " + asked(),
                "see the version, and the Scala version in its name (this Spark's is " + scala
                        + "); a repository that holds it, such as one of your own or Spark Packages, belongs into"
                        + " ~/.m2/settings.xml, or into spark.jars.repositories (--conf spark.jars.repositories=URL)",
                false,
                e);
    }
}
