package io.connectctl.manager.diagnose;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Spark can't use the master: it can't parse it, or lacks what it needs for it. */
final class BadMaster implements Rule {
    private static final Pattern UNKNOWN_SCHEME = Pattern.compile(
            "Master must either be |Could not parse Master URL: '([^']{0,300})'|Invalid master URL: (\\S{0,300})");
    private static final Pattern NO_THREADS = Pattern.compile("Asked to run locally with (-?\\d{1,9}) threads");
    private static final Pattern NO_HADOOP_CONF =
            Pattern.compile("either HADOOP_CONF_DIR or YARN_CONF_DIR must be set");
    private static final Pattern NO_CLASSES = Pattern.compile("Could not load (YARN|KUBERNETES|MESOS) classes");

    @Override
    public Optional<Finding> look(Clues clues) {
        String master = "master '" + clues.spec().master() + "'";
        String local = clues.again("--master 'local[*]'");
        return clues.startup(UNKNOWN_SCHEME)
                .flatMap(hit -> hit.config(
                        "BAD_MASTER",
                        "Spark can't parse " + master,
                        "write it as local[N], local[*], spark://HOST:7077, yarn or k8s://https://HOST:PORT, such as "
                                + local))
                .or(() -> clues.startup(NO_THREADS)
                        .flatMap(hit -> hit.config(
                                "BAD_MASTER",
                                master + " asks for " + hit.group(1) + " threads",
                                "ask for one or more: " + local)))
                .or(() -> clues.startup(NO_HADOOP_CONF)
                        .flatMap(hit -> hit.config(
                                "BAD_MASTER",
                                master
                                        + " needs the Hadoop configuration, and neither HADOOP_CONF_DIR nor YARN_CONF_DIR is set",
                                "name its folder: " + clues.again("--hadoop-conf /etc/hadoop/conf")
                                        + ", or run locally: " + local)))
                .or(() -> clues.startup(NO_CLASSES).flatMap(hit -> {
                    String module = hit.group(1).toLowerCase(Locale.ROOT);
                    return hit.config(
                            "BAD_MASTER",
                            master + " needs the jar spark-" + module + "_"
                                    + clues.spec().spark().scalaBinary() + "-"
                                    + clues.spec().spark() + ", which this Spark runtime doesn't have",
                            bring(clues, module) + ", or run locally: " + local);
                }));
    }

    /** Where a runtime with that module comes from. */
    private static String bring(Clues clues, String module) {
        if (clues.contained()) {
            return module.equals("yarn")
                    ? "use an image that has it, such as one of `connectctl image build --yarn`"
                    : "use an image that has it";
        }
        return clues.spec().sparkHome().isPresent()
                ? "leave sparkHome out, so that connectctl fetches that jar too, or name a Spark distribution that has it"
                : "use a Spark distribution that has it (`sparkHome:` in connectctl.yaml)";
    }

    @Override
    public Set<String> codes() {
        return Set.of("BAD_MASTER");
    }
}
