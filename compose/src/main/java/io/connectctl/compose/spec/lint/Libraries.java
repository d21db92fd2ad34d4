package io.connectctl.compose.spec.lint;

import java.util.List;
import java.util.Optional;

/** Keys and classes of others than Spark: data. */
final class Libraries {
    /** A library that servers often load: how its classes begin, and what its artifacts have in their names. */
    record Library(String classes, String artifact, String example) {}

    /** Keys of these beginnings are built by Spark from names that its users choose, or go through it to somebody else. */
    private static final List<String> OPEN = List.of(
            "spark.hadoop.",
            "spark.hive.",
            "spark.executorEnv.",
            "spark.driverEnv.",
            "spark.yarn.appMasterEnv.",
            "spark.kubernetes.",
            "spark.sql.catalog.",
            "spark.sql.connect.",
            "spark.datasource.",
            "spark.metrics.conf.",
            "spark.ssl.",
            "spark.io.encryption.commons.config.",
            "spark.network.crypto.config.",
            "spark.plugins.internal.conf.",
            "spark.shuffle.plugin.",
            "spark.shuffle.io.",
            "spark.rpc.io.",
            "spark.rpc.netty.",
            "spark.files.io.",
            "spark.scheduler.listenerbus.eventqueue.",
            "spark.sql.streaming.stateStore.rocksdb.",
            "spark.sql.streaming.kafka.",
            "spark.security.credentials.",
            "spark.yarn.am.resource.",
            "spark.yarn.driver.resource.",
            "spark.yarn.executor.resource.",
            "spark.driver.resource.",
            "spark.executor.resource.",
            "spark.task.resource.",
            "spark.worker.resource.",
            "spark.kafka.",
            // A filter's parameters: spark.CLASS.param.NAME.
            "spark.org.",
            "spark.com.",
            "spark.io.github.",
            "spark.net.",
            // Libraries, plugins and distributions.
            "spark.databricks.",
            "spark.delta.",
            "spark.iceberg.",
            "spark.sql.iceberg.",
            "spark.hoodie.",
            "spark.sql.hudi.",
            "spark.hudi.",
            "spark.paimon.",
            "spark.sql.paimon.",
            "spark.kyuubi.",
            "spark.sql.kyuubi.",
            "spark.sql.finalStage.",
            "spark.sql.finalWriteStage.",
            "spark.sql.watchdog.",
            "spark.sql.optimizer.insertRepartition",
            "spark.sql.optimizer.insertZorder",
            "spark.sql.optimizer.rebalance",
            "spark.sql.optimizer.dropIgnoreNonexistent",
            "spark.sql.optimizer.twoStageRebalance",
            "spark.rapids.",
            "spark.gluten.",
            "spark.comet.",
            "spark.blaze.",
            "spark.auron.",
            "spark.celeborn.",
            "spark.rss.",
            "spark.openlineage.",
            "spark.sedona.",
            "spark.mongodb.",
            "spark.cassandra.",
            "spark.es.",
            "spark.redis.",
            "spark.snowflake.",
            "spark.neo4j.",
            "spark.hbase.",
            "spark.pulsar.",
            "spark.bigquery.",
            "spark.clickhouse.",
            "spark.livy.",
            "spark.jobserver.",
            "spark.hyperspace.",
            "spark.ranger.",
            "spark.atlas.",
            "spark.unitycatalog.",
            "spark.glue.",
            "spark.emr.",
            "spark.dataproc.",
            "spark.synapse.",
            "spark.microsoft.",
            "spark.fabric.",
            "spark.mlflow.",
            "spark.jsl.",
            "spark.sparklens.",
            "spark.dataflint.",
            "spark.yunikorn.");

    /** The libraries whose classes are most often named without their jars. */
    private static final List<Library> KNOWN = List.of(
            new Library("io.delta.", "delta", "io.delta:delta-spark_SCALA:VERSION"),
            new Library("org.apache.spark.sql.delta.", "delta", "io.delta:delta-spark_SCALA:VERSION"),
            new Library(
                    "org.apache.iceberg.", "iceberg", "org.apache.iceberg:iceberg-spark-runtime-SPARK_SCALA:VERSION"),
            new Library("org.apache.spark.sql.hudi.", "hudi", "org.apache.hudi:hudi-sparkSPARK-bundle_SCALA:VERSION"),
            new Library("org.apache.hudi.", "hudi", "org.apache.hudi:hudi-sparkSPARK-bundle_SCALA:VERSION"),
            new Library("org.apache.paimon.", "paimon", "org.apache.paimon:paimon-spark-SPARK_SCALA:VERSION"),
            new Library("org.apache.sedona.", "sedona", "org.apache.sedona:sedona-spark-shaded-SPARK_SCALA:VERSION"),
            new Library("com.nvidia.spark.", "rapids", "com.nvidia:rapids-4-spark_SCALA:VERSION"),
            new Library("io.openlineage.", "openlineage", "io.openlineage:openlineage-spark_SCALA:VERSION"),
            new Library("org.apache.kyuubi.", "kyuubi", "org.apache.kyuubi:kyuubi-extension-spark-SPARK_SCALA:VERSION"),
            new Library(
                    "org.projectnessie.",
                    "nessie",
                    "org.projectnessie.nessie-integrations:nessie-spark-extensions-SPARK_SCALA:VERSION"),
            new Library("io.unitycatalog.", "unitycatalog", "io.unitycatalog:unitycatalog-spark_SCALA:VERSION"),
            new Library("com.mongodb.", "mongo", "org.mongodb.spark:mongo-spark-connector_SCALA:VERSION"),
            new Library("com.datastax.", "cassandra", "com.datastax.spark:spark-cassandra-connector_SCALA:VERSION"));

    private Libraries() {}

    /** True if a key isn't Spark's own to know. */
    static boolean ownsKey(String key) {
        return OPEN.stream().anyMatch(key::startsWith);
    }

    /** The library that a class belongs to. */
    static Optional<Library> of(String className) {
        return KNOWN.stream()
                .filter(library -> className.startsWith(library.classes))
                .findFirst();
    }
}
