package io.connectctl.compose.render;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where things lie as the server itself sees them: on this machine for a process, inside the container for Docker.
 *
 * @param conf folder of the rendered files
 * @param work the working folder: Spark's local dirs, artifacts and temporary files
 * @param warehouse spark.sql.warehouse.dir; survives restarts
 * @param javaHome the JDK; empty where the place itself knows (a container's JAVA_HOME, or the java on its PATH)
 * @param sparkHome a Spark distribution with its own bin/; empty when {@code jars} is used
 * @param jars a bare folder of jars; empty when {@code sparkHome} is used
 * @param loopback true if binding to loopback confines the server to this machine (a process), false if the network does (a container)
 * @param packages a folder of jars that the declaration's packages came to, and the Connect server where its Spark lacks one;
 *     empty where there are none, or where Spark is to resolve them itself at each start
 * @param token a file that holds the server's token, where it isn't handed over through the environment
 * @param hadoopConf the folder of the Hadoop configuration; empty where none is declared
 */
public record Site(
        Path conf,
        Path work,
        Path warehouse,
        Optional<Path> javaHome,
        Optional<Path> sparkHome,
        Optional<Path> jars,
        boolean loopback,
        Optional<Path> packages,
        Optional<Path> token,
        Optional<Path> hadoopConf) {
    public Site {
        if (sparkHome.isPresent() == jars.isPresent()) {
            throw new IllegalArgumentException("a site has either a SPARK_HOME or a folder of jars");
        }
    }

    /** Without a Hadoop configuration. */
    public Site(
            Path conf,
            Path work,
            Path warehouse,
            Optional<Path> javaHome,
            Optional<Path> sparkHome,
            Optional<Path> jars,
            boolean loopback,
            Optional<Path> packages,
            Optional<Path> token) {
        this(conf, work, warehouse, javaHome, sparkHome, jars, loopback, packages, token, Optional.empty());
    }

    /** The same place with this folder of a Hadoop configuration. */
    public Site withHadoopConf(Optional<Path> folder) {
        return new Site(conf, work, warehouse, javaHome, sparkHome, jars, loopback, packages, token, folder);
    }

    /** Of a process: its JDK is known, its token comes through the environment. */
    public Site(
            Path conf,
            Path work,
            Path warehouse,
            Path javaHome,
            Optional<Path> sparkHome,
            Optional<Path> jars,
            boolean loopback) {
        this(
                conf,
                work,
                warehouse,
                Optional.of(javaHome),
                sparkHome,
                jars,
                loopback,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** The same with the jars of its packages in this folder. */
    public Site with(Optional<Path> packages) {
        return new Site(conf, work, warehouse, javaHome, sparkHome, jars, loopback, packages, token, hadoopConf);
    }
}
