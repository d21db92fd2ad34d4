package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The Spark runtime has no Spark Connect server. */
final class ConnectJarMissing implements Rule {
    private static final Pattern NO_CLASS = Pattern.compile(
            "Failed to load class org\\.apache\\.spark\\.sql\\.connect\\.service|ClassNotFoundException: org\\.apache\\.spark\\.sql\\.connect\\.service\\.SparkConnectServer");

    @Override
    public Optional<Finding> look(Clues clues) {
        String jar = "org.apache.spark:spark-connect_" + clues.spec().spark().scalaBinary() + ":"
                + clues.spec().spark();
        return clues.startup(NO_CLASS)
                .flatMap(hit -> hit.config(
                        "CONNECT_JAR_MISSING",
                        "this Spark " + clues.spec().spark() + " has no Spark Connect server in it"
                                + (clues.spec().spark().major() < 4
                                        ? ": distributions before 4.0 come without it"
                                        : ""),
                        "add it: " + clues.again("--packages " + jar)
                                + clues.spec()
                                        .sparkHome()
                                        .map(home -> ", or put its jar into " + home.resolve("jars"))
                                        .orElse("")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("CONNECT_JAR_MISSING");
    }
}
