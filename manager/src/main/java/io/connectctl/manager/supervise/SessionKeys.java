package io.connectctl.manager.supervise;

import java.util.List;
import java.util.Set;

/**
 * Which keys of Spark's configuration a client can set in its live session ({@code spark.conf.set}): those of {@code spark.sql} that
 * aren't static. Read from {@code StaticSQLConf} and {@code HiveUtils} of Spark 3.4 to 4.2; a session refuses the static ones
 * (CANNOT_MODIFY_CONFIG).
 */
final class SessionKeys {
    private static final String CONF = "conf.";
    private static final String SQL = "spark.sql.";

    private static final Set<String> STATIC = Set.of(
            "spark.sql.artifact.cacheStorageLevel",
            "spark.sql.broadcastExchange.maxThreadThreshold",
            "spark.sql.cache.serializer",
            "spark.sql.catalogImplementation",
            "spark.sql.codegen.cache.maxEntries",
            "spark.sql.codegen.comments",
            "spark.sql.debug",
            "spark.sql.defaultUrlStreamHandlerFactory.enabled",
            "spark.sql.event.truncate.length",
            "spark.sql.extensions",
            "spark.sql.extensions.test.loadFromCp",
            "spark.sql.filesourceTableRelationCacheSize",
            "spark.sql.globalTempDatabase",
            "spark.sql.legacy.sessionInitWithConfigDefaults",
            "spark.sql.metadataCacheTTLSeconds",
            "spark.sql.queryExecutionListeners",
            "spark.sql.resultQueryStage.maxThreadThreshold",
            "spark.sql.shuffleExchange.maxThreadThreshold",
            "spark.sql.sources.schemaStringLengthThreshold",
            "spark.sql.streaming.streamingQueryListeners",
            "spark.sql.subquery.maxThreadThreshold",
            "spark.sql.ui.retainedExecutions",
            "spark.sql.warehouse.dir");

    private static final List<String> STATIC_FAMILIES = List.of(
            "spark.sql.connect.ui.",
            "spark.sql.hive.metastore.",
            "spark.sql.hive.thriftServer.",
            "spark.sql.streaming.ui.");

    private SessionKeys() {}

    /** True for a declaration's key, {@code conf.spark.sql.shuffle.partitions}, that needs no restart. */
    static boolean contains(String key) {
        if (!key.startsWith(CONF + SQL)) {
            return false;
        }
        String conf = key.substring(CONF.length());
        return !STATIC.contains(conf) && STATIC_FAMILIES.stream().noneMatch(conf::startsWith);
    }
}
