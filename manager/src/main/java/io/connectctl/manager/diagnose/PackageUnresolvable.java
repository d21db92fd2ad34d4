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
    private static final Pattern NETWORK = Pattern.compile(
            "Server access error|Connection refused|Connection timed out|connect timed out|Read timed out"
                    + "|UnknownHostException|Network is unreachable|proxy server that is not well configured|SSLHandshakeException");

    @Override
    public Optional<Finding> look(Clues clues) {
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
