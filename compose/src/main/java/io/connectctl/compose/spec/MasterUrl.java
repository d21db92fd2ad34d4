package io.connectctl.compose.spec;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Spark accepts as a master: SparkContext.createTaskScheduler, SparkMasterRegex, Utils.extractHostPortFromSparkUrl and
 * Utils.checkAndGetK8sMasterUrl of 3.4 to 4.2.
 */
public final class MasterUrl {
    private static final Pattern LOCAL = Pattern.compile("local\\[([0-9]+|\\*)(?:\\s*,\\s*([0-9]+))?]");
    private static final Pattern LOCAL_CLUSTER =
            Pattern.compile("local-cluster\\[\\s*([0-9]+)\\s*,\\s*([0-9]+)\\s*,\\s*([0-9]+)\\s*]");
    private static final List<String> EXAMPLES = List.of("local", "local[*]", "local[4]", "yarn");

    private static final Pattern IN_HERE = Pattern.compile("local(\\[.*|-cluster.*)?");
    private static final Pattern LOOPBACK = Pattern.compile("(localhost|127\\.[0-9.]+|\\[::1\\])(:.*)?");

    private MasterUrl() {}

    /** True if the executors run on the server's own machine, so that its driver needs no address others can reach. */
    public static boolean staysHere(String master) {
        List<String> masters = standalones(master);
        return masters.isEmpty()
                ? IN_HERE.matcher(master).matches()
                : masters.stream().allMatch(MasterUrl::isLoopback);
    }

    /** True if a {@code host:port} names a machine's own loopback. */
    public static boolean isLoopback(String address) {
        return LOOPBACK.matcher(address).matches();
    }

    /** True if a Spark of this version can parse it. */
    public static boolean isMaster(String master, SparkVersion spark) {
        return problem(master, spark).isEmpty();
    }

    /** True if executors on a cluster do the work; a local master's tasks run in the server's JVM, or beside it. */
    public static boolean isCluster(String master) {
        return !master.startsWith("local");
    }

    /** True if one of a standalone cluster's masters is named by this machine's loopback. */
    static boolean onLoopback(String master) {
        return standalones(master).stream().anyMatch(MasterUrl::isLoopback);
    }

    /** The first address of a standalone master, as {@code host:port}. */
    public static Optional<String> standalone(String master) {
        return standalones(master).stream().findFirst();
    }

    /** The addresses of all standalone masters that stand in for each other, each as {@code host:port}. */
    public static List<String> standalones(String master) {
        return master.startsWith("spark://")
                ? List.of(master.substring("spark://".length()).split(",", -1))
                : List.of();
    }

    /** What is wrong with a master, and how to write it; empty if Spark can parse it. */
    static Optional<String> problem(String master, SparkVersion spark) {
        if (master.equals("local") || master.equals("yarn")) {
            return Optional.empty();
        }
        if (master.startsWith("local-cluster")) {
            Matcher matcher = LOCAL_CLUSTER.matcher(master);
            return matcher.matches()
                            && isCount(matcher.group(1))
                            && isCount(matcher.group(2))
                            && isCount(matcher.group(3))
                    ? Optional.empty()
                    : Optional.of("write local-cluster[WORKERS,CORES,MEMORY_IN_MIB] with whole numbers above 0");
        }
        if (master.startsWith("local")) {
            return local(master);
        }
        if (master.startsWith("spark://")) {
            for (String one : master.substring("spark://".length()).split(",", -1)) {
                if (!isHostAndPort("spark://" + one)) {
                    return Optional.of("each master of a standalone cluster is HOST:PORT, as spark://host:7077 or"
                            + " spark://host1:7077,host2:7077");
                }
            }
            return Optional.empty();
        }
        if (master.startsWith("k8s://")) {
            return isKubernetes(master.substring("k8s://".length()))
                    ? Optional.empty()
                    : Optional.of("write the API server as k8s://https://HOST:PORT, without user and password");
        }
        if (master.startsWith("mesos://") && spark.major() < 4) {
            return Optional.empty();
        }
        return Optional.of("a master is local, local[N], local[*], local[N,FAILURES], local-cluster[N,CORES,MIB],"
                + " spark://HOST:PORT, yarn or k8s://URL");
    }

    /** A master that was probably meant. */
    static Optional<String> suggestion(String master) {
        return Nearest.of(master, EXAMPLES, 2);
    }

    private static Optional<String> local(String master) {
        Matcher matcher = LOCAL.matcher(master);
        if (!matcher.matches()) {
            return Optional.of("N in local[N] is a whole number of threads, or * for one a core");
        }
        if (!matcher.group(1).equals("*") && !isCount(matcher.group(1))) {
            return Optional.of(
                    "N in local[N] must be from 1 to " + Integer.MAX_VALUE + "; Spark can't run with 0 threads");
        }
        String failures = matcher.group(2);
        return failures == null || isCount(failures)
                ? Optional.empty()
                : Optional.of("FAILURES in local[N,FAILURES] must be from 1 to " + Integer.MAX_VALUE);
    }

    private static boolean isCount(String digits) {
        try {
            return Integer.parseInt(digits) > 0;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static boolean isHostAndPort(String url) {
        try {
            URI uri = new URI(url);
            return uri.getHost() != null
                    && uri.getPort() > 0
                    && uri.getPort() < 65536
                    && uri.getRawUserInfo() == null
                    && (uri.getRawPath() == null || uri.getRawPath().isEmpty())
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static boolean isKubernetes(String rest) {
        String url = rest.contains("://") ? rest : "https://" + rest;
        try {
            URI uri = new URI(url);
            return ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))
                    && uri.getHost() != null
                    && uri.getRawUserInfo() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }
}
