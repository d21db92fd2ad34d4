package io.connectctl.compose.runtime;

import java.nio.file.Path;
import java.time.Instant;

/**
 * Something that lies in the cache and can be had again.
 *
 * @param kind what it is
 * @param name the Spark version of a runtime, or the key of a set of packages or of an archive
 * @param about what it is for, for people: {@code Spark 4.0.1 on Java 17.0.15}
 * @param bytes its size; files that are linked elsewhere too count in full
 * @param lastUsed when a server was last launched with it, or when it was made
 * @param inUse true while a process of this user has it open
 * @param path where it lies
 */
public record CacheEntry(Kind kind, String name, String about, long bytes, Instant lastUsed, boolean inUse, Path path) {
    /** What lies in the cache. */
    public enum Kind {
        /** A Spark runtime, fetched from Maven coordinates. */
        SPARK,
        /** The jars that a set of packages came to. */
        PACKAGES,
        /** A class data archive. */
        ARCHIVE,
        /** Why a training failed, so that it isn't repeated. */
        FAILURE
    }
}
