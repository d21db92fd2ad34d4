package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Spark's own resolver didn't get a package. */
final class PackageUnresolvable implements Rule {
    private static final Pattern UNRESOLVED =
            Pattern.compile("\\[(?:unresolved dependency|download failed): ([^\\]]{1,200}?)(?:: not found)?[\\],]");
    /**
     * A repository that didn't answer. Spark always asks repos.spark-packages.org too, which holds few packages and is often
     * out of reach: its silence says nothing about a package that the others deny.
     */
    private static final Pattern NETWORK = Pattern.compile(
            "^(?!.*repos\\.spark-packages\\.org).*(?:Server access error|Host \\S+ not found|Connection refused"
                    + "|Connection timed out|connect timed out|Read timed out|UnknownHostException|Network is unreachable"
                    + "|SSLHandshakeException)");

    /** {@code [download failed: GROUP#ARTIFACT;VERSION!NAME.jar]} */
    private static final Pattern NOT_DOWNLOADED =
            Pattern.compile("\\[download failed: ([^#\\]]{1,200})#([^;\\]]{1,200});([^!\\]]{1,100})!");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(NOT_DOWNLOADED)
                .flatMap(hit -> withoutItsJar(clues, hit))
                .or(() -> unresolved(clues));
    }

    /**
     * Ivy takes a package from the first repository that has its pom, which is the user's local one, and asks no other for its jar. Maven
     * leaves poms without jars there in plenty: of every version that lost against another.
     */
    private static Optional<Finding> withoutItsJar(Clues clues, Hit hit) {
        String place = hit.group(1).replace('.', '/') + "/" + hit.group(2) + "/" + hit.group(3) + "/";
        Pattern tried = Pattern.compile("^\\s*file:(/\\S*" + Pattern.quote(place) + ")\\S+\\.jar\\s*$");
        return clues.startupLine(tried).map(local -> {
            String coordinates = hit.group(1) + ":" + hit.group(2) + ":" + hit.group(3);
            return new Finding(
                    hit.entry().at(),
                    new Cause(
                            "PACKAGE_UNRESOLVABLE",
                            "package " + coordinates + " has its pom, but not its jar, in the local Maven repository ("
                                    + local.group(1) + "), and Spark asks no other repository for it then",
                            "complete it: `mvn dependency:get -Dartifact=" + coordinates
                                    + "`, or remove that folder; then " + clues.again(""),
                            List.of(local.line(), hit.line()),
                            false));
        });
    }

    private static Optional<Finding> unresolved(Clues clues) {
        return clues.startup(UNRESOLVED).flatMap(hit -> {
            String coordinates = hit.group(1).replace('#', ':').replace(';', ':');
            return clues.startupLine(NETWORK)
                    .map(network -> Optional.of(new Finding(
                            hit.entry().at(),
                            new Cause(
                                    "PACKAGE_UNRESOLVABLE",
                                    "package " + coordinates + " could not be fetched: a repository didn't answer",
                                    "check network and proxy, then " + clues.again("")
                                            + "; a repository of your own: --conf spark.jars.repositories=URL",
                                    List.of(network.line(), hit.line()),
                                    true))))
                    .orElseGet(() -> hit.config(
                            "PACKAGE_UNRESOLVABLE",
                            "package " + coordinates + " is in none of the repositories that were asked",
                            "correct its coordinates (group:artifact:version, Scala "
                                    + clues.spec().spark().scalaBinary() + "): "
                                    + clues.again("--packages GROUP:ARTIFACT:VERSION")
                                    + ", or name its repository: --conf spark.jars.repositories=URL"));
        });
    }

    @Override
    public Set<String> codes() {
        return Set.of("PACKAGE_UNRESOLVABLE");
    }
}
