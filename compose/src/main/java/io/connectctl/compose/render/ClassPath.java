package io.connectctl.compose.render;

import java.util.Collection;
import java.util.Set;

/** What of a rendering has to lie on the server's class path. */
final class ClassPath {
    /** Each is named where it is used: by the launch, by the entrypoint, or by a property. */
    private static final Set<String> NAMED = Set.of(
            "entrypoint",
            "healthcheck",
            "java.options",
            "log4j2.properties",
            "metrics.properties",
            "spark-defaults.conf");

    private ClassPath() {}

    /** True if the conf folder must be on the class path. */
    static boolean holdsConf(Collection<String> files) {
        return files.stream().anyMatch(ClassPath::isFor);
    }

    /**
     * True if this file may be looked for on the class path: it is none of the built-in ones, so that Spark, Hadoop, Hive or
     * a library may want it (hive-site.xml, core-site.xml, fairscheduler.xml). Scripts are never looked for there.
     */
    static boolean isFor(String file) {
        return !NAMED.contains(file) && !file.endsWith(".sh");
    }
}
