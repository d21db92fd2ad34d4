package io.connectctl.manager.diagnose;

import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.health.ProbeFailure;
import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** It lives, and its probes fail. */
final class ProbeFailed implements Rule {
    @Override
    public Optional<Finding> look(Clues clues) {
        return noSession(clues).or(() -> clues.evidence()
                .probe()
                .filter(probe -> clues.lived())
                .map(probe -> new Finding(
                        Finding.NOWHERE,
                        new Cause(
                                "PROBE_FAILED",
                                "the server lives, and its probes fail at "
                                        + probe.rung().name().toLowerCase(Locale.ROOT) + ": " + probe.detail(),
                                remedy(clues, probe),
                                List.of(probe.detail()),
                                true))));
    }

    /** It may be a catalog that is away for a moment: no reason to end a server that is up. */
    private static Optional<Finding> noSession(Clues clues) {
        return clues.noSession().flatMap(hit -> {
            String reason = hit.reason().orElse(hit.line());
            return hit.fault(
                    "PROBE_FAILED",
                    "Spark can't make a session, so no client is served: " + reason,
                    "mend what that says (mostly spark.sql.extensions, spark.sql.catalogImplementation, or a metastore that is away): "
                            + clues.again(""));
        });
    }

    private static String remedy(Clues clues, ProbeFailure probe) {
        String log = "see " + clues.readTheLog();
        return switch (probe.kind()) {
            case UNAUTHENTICATED ->
                "the server has another token than connectctl: take spark.connect.authenticate.token out of conf, and "
                        + clues.again("");
            case NOT_SPARK_CONNECT -> "something else answers on that port: " + clues.again("--port auto");
            case FOREIGN_UI -> "another Spark's UI answers on that port: " + clues.again("--ui-port auto");
            case TIMED_OUT ->
                "it may be too busy (`connectctl top`): raise health.timeout in connectctl.yaml if that is usual; "
                        + log;
            case NO_EXECUTORS ->
                "the cluster gives it no executors, or they don't reach the driver: see `connectctl describe "
                        + clues.spec().name() + "` for its application and the address they are told; " + log;
            case QUERY_FAILED ->
                clues.refusedKey()
                        .map(key -> "every session fails where " + key + " is no value that Spark takes"
                                + clues.conf(key) + ": " + clues.again("--conf " + key + "=VALUE"))
                        .orElse((MasterUrl.isCluster(clues.spec().master())
                                        ? "Spark answers, and can't run a query: are there executors? "
                                        : "Spark answers, and can't run a query: mend what it says; ")
                                + log);
            case SUSPENDED ->
                "whoever stopped it lets it go on, or ends it: connectctl replaces what doesn't answer for long";
            case REFUSED, CONTEXT_GONE, OTHER -> log;
        };
    }

    @Override
    public Set<String> codes() {
        return Set.of("PROBE_FAILED");
    }
}
