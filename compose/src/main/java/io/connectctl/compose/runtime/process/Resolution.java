package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import javax.net.ssl.SSLException;
import org.apache.maven.model.building.ModelBuildingException;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.collection.DependencyCollectionException;
import org.eclipse.aether.graph.DependencyNode;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.ArtifactResult;
import org.eclipse.aether.resolution.DependencyResolutionException;
import org.eclipse.aether.transfer.ArtifactNotFoundException;
import org.eclipse.aether.transfer.ChecksumFailureException;
import org.eclipse.aether.transfer.RepositoryOfflineException;
import org.eclipse.aether.util.artifact.ArtifactIdUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds artifacts in Maven's repositories; says of those that it doesn't get why, and whether trying again can help. */
abstract class Resolution {
    static final String RUNTIME = "runtime";

    private static final Logger LOG = LoggerFactory.getLogger(Resolution.class);
    private static final Set<String> RUNTIME_SCOPES = Set.of("compile", RUNTIME);
    private static final Pattern STATUS = Pattern.compile("status(?: code)?:? (\\d{3})");
    private static final int MOST_EVIDENCE = 3;

    final MavenAccess maven;
    final RepositorySystem system;
    final RepositorySystemSession session;
    final List<RemoteRepository> repositories;
    private final String code;

    /** @param code the cause code of what can't be resolved */
    Resolution(MavenAccess maven, RepositorySystem system, RepositorySystemSession session, String code) {
        this.maven = maven;
        this.system = system;
        this.session = session;
        this.repositories = maven.repositories(system, session);
        this.code = code;
    }

    /** Who needs what is resolved here, for people: {@code Spark 4.0.1}. */
    abstract String consumer();

    /** What every repository denies. */
    abstract LaunchException unpublished(Artifact artifact, Exception e);

    /** What to do instead of asking a repository. */
    abstract String offline();

    static void gather(DependencyNode node, Map<String, Artifact> into) {
        for (DependencyNode child : node.getChildren()) {
            if (RUNTIME_SCOPES.contains(child.getDependency().getScope())
                    && into.putIfAbsent(ArtifactIdUtils.toId(child.getArtifact()), child.getArtifact()) == null) {
                gather(child, into);
            }
        }
    }

    /** The files of these artifacts, in their order; each is a whole archive. */
    List<Path> resolve(List<Artifact> artifacts) throws LaunchException {
        List<ArtifactRequest> requests = new ArrayList<>();
        for (Artifact artifact : artifacts) {
            requests.add(new ArtifactRequest(artifact, repositories, ""));
        }
        try {
            List<Path> files = new ArrayList<>();
            for (ArtifactResult result : system.resolveArtifacts(session, requests)) {
                files.add(result.getArtifact().getPath());
            }
            checkArchives(files);
            return files;
        } catch (ArtifactResolutionException e) {
            throw failure(missing(e), e);
        }
    }

    /**
     * A file in Maven's local repository isn't checked again by anybody, and a proxy that wants a login answers with a page
     * instead of a jar. Java would ignore either without a word, and the server end with a class that is missing.
     */
    private void checkArchives(List<Path> files) throws LaunchException {
        for (Path file : files) {
            try (ZipFile archive = new ZipFile(file.toFile())) {
                LOG.trace("{} holds {} entries", file, archive.size());
            } catch (IOException e) {
                throw new LaunchException(
                        code,
                        file + ", which " + consumer() + " needs, is damaged: " + e.getMessage(),
                        "delete it and start again; if it comes back so, a proxy or mirror answers with something else",
                        List.of(file + ": " + e.getMessage()),
                        false,
                        e);
            }
        }
    }

    static Artifact missing(ArtifactResolutionException e) {
        return e.getResults().stream()
                .filter(result -> !result.isResolved())
                .findFirst()
                .orElseGet(() -> e.getResults().get(0))
                .getRequest()
                .getArtifact();
    }

    /** True if every repository that was asked answered that it doesn't have it. */
    static boolean notFound(Exception e) {
        return find(e, RepositoryOfflineException.class).isEmpty()
                && find(e, ArtifactNotFoundException.class).isPresent()
                && network(e).isEmpty();
    }

    static String name(Artifact artifact) {
        return artifact.getGroupId() + ":" + artifact.getArtifactId() + ":" + artifact.getVersion();
    }

    /** Names of repositories that are asked, for messages. */
    String asked() {
        return maven.asked(system, session);
    }

    LaunchException failure(Artifact artifact, Exception e) {
        String what = name(artifact);
        String asked = asked();
        Optional<Throwable> disk = disk(e);
        if (disk.isPresent()) {
            return PrivateFiles.failure(
                    "fetching " + what,
                    maven.localRepository(),
                    "localRepository in ~/.m2/settings.xml",
                    new IOException(MavenAccess.plain(String.valueOf(disk.get().getMessage())), MavenAccess.plain(e)));
        }
        if (maven.offline() || find(e, RepositoryOfflineException.class).isPresent()) {
            return unresolvable(
                    what + " isn't in the local repository " + maven.localRepository()
                            + ", and Maven's settings say offline",
                    "go online once (offline in settings.xml), or " + offline(),
                    false,
                    e);
        }
        if (find(e, ChecksumFailureException.class).isPresent()) {
            return unresolvable(
                    what + " arrived damaged: its checksum doesn't match; asked: " + asked,
                    "try again; if it stays so, the repository or a proxy in between changes files",
                    true,
                    e);
        }
        Optional<Throwable> network = network(e);
        if (network.isPresent()) {
            return unresolvable(
                    what + " can't be fetched: " + words(network.get()) + "; asked: " + asked,
                    "see whether this machine reaches the network; a proxy or a mirror belongs into ~/.m2/settings.xml",
                    true,
                    e);
        }
        String status = status(e);
        if (!status.isEmpty()) {
            boolean server = status.startsWith("5") || status.equals("429");
            return unresolvable(
                    what + " can't be fetched: HTTP status " + status + "; asked: " + asked,
                    server
                            ? "try again later"
                            : "see the credentials of that repository or proxy in ~/.m2/settings.xml (servers, proxies)",
                    server,
                    e);
        }
        if (!notFound(e)) {
            // Such as a connection that ended in the middle of a jar, or an answer that isn't HTTP.
            Throwable last = all(e).get(all(e).size() - 1);
            return unresolvable(
                    what + " can't be fetched: " + words(last) + "; asked: " + asked,
                    "try again; what was fetched so far is kept. If it stays so, see the repositories and proxies in"
                            + " ~/.m2/settings.xml",
                    true,
                    e);
        }
        return unpublished(artifact, e);
    }

    LaunchException unresolvable(String message, String remedy, boolean retryable, Exception e) {
        return new LaunchException(
                code, MavenAccess.plain(message), remedy, evidence(e), retryable, MavenAccess.plain(e));
    }

    /** The resolver's own words: what each repository answered, or else where it went wrong. */
    private static List<String> evidence(Exception e) {
        List<Throwable> all = all(e);
        List<String> denials = all.stream()
                .filter(ArtifactNotFoundException.class::isInstance)
                .map(Resolution::words)
                .toList();
        return (denials.isEmpty() ? List.of(words(all.get(all.size() - 1))) : denials)
                .stream()
                        .map(MavenAccess::plain)
                        .flatMap(String::lines)
                        .distinct()
                        .limit(MOST_EVIDENCE)
                        .toList();
    }

    private static String words(Throwable cause) {
        String kind = cause instanceof UnknownHostException
                ? "unknown host "
                : cause instanceof SocketTimeoutException ? "timeout: " : "";
        return kind
                + Objects.requireNonNullElse(
                        cause.getMessage(), cause.getClass().getSimpleName());
    }

    private static Optional<Throwable> network(Throwable e) {
        return all(e).stream()
                .filter(cause -> cause instanceof UnknownHostException
                        || cause instanceof ConnectException
                        || cause instanceof NoRouteToHostException
                        || cause instanceof SocketTimeoutException
                        || cause instanceof SocketException
                        || cause instanceof SSLException
                        || cause.getClass().getSimpleName().contains("Timeout"))
                .findFirst();
    }

    private static Optional<Throwable> disk(Throwable e) {
        return all(e).stream()
                .filter(cause -> cause instanceof IOException
                        && cause.getMessage() != null
                        && (cause.getMessage().contains("No space left")
                                || cause instanceof AccessDeniedException
                                || cause.getMessage().contains("Read-only file system")))
                .findFirst();
    }

    /** The HTTP status that the repository or a proxy answered with; 404 is told by its own exception. */
    private static String status(Throwable e) {
        for (Throwable cause : all(e)) {
            String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
            Matcher matcher = STATUS.matcher(text);
            if (matcher.find() && !matcher.group(1).equals("404")) {
                return matcher.group(1);
            }
        }
        return "";
    }

    private static <T extends Throwable> Optional<T> find(Throwable e, Class<T> type) {
        return all(e).stream().filter(type::isInstance).map(type::cast).findFirst();
    }

    /** The exception, its causes, and those of the results it carries. */
    private static List<Throwable> all(Throwable e) {
        List<Throwable> all = new ArrayList<>();
        gather(e, all);
        return all;
    }

    private static void gather(Throwable e, List<Throwable> into) {
        for (Throwable cause = e; cause != null && !into.contains(cause); cause = cause.getCause()) {
            into.add(cause);
            if (cause instanceof ArtifactResolutionException resolution) {
                resolution.getResults().forEach(result -> result.getExceptions().forEach(inner -> gather(inner, into)));
            } else if (cause instanceof DependencyResolutionException resolution) {
                resolution.getResult().getCollectExceptions().forEach(inner -> gather(inner, into));
            } else if (cause instanceof DependencyCollectionException collection) {
                collection.getResult().getExceptions().forEach(inner -> gather(inner, into));
            } else if (cause instanceof ModelBuildingException model) {
                LOG.debug("a POM can't be read: {}", model.getMessage());
            }
        }
    }
}
