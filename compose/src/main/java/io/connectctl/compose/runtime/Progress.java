package io.connectctl.compose.runtime;

/** Hears how far a preparation got. Must not block. */
@FunctionalInterface
public interface Progress {
    /** Hears nothing. */
    Progress SILENT = (stage, done, total) -> {};

    /**
     * Tells of one step.
     *
     * @param stage what is being done, for people: {@code fetching Spark 4.0.1}
     * @param done how much is done, in bytes or items
     * @param total how much there is; 0 where unknown
     */
    void report(String stage, long done, long total);
}
