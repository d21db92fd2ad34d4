package io.connectctl.health;

/**
 * Calls of Spark Connect that are answered without a session, a log line or a tombstone, newest Spark first. A server
 * that lacks one answers UNIMPLEMENTED, so asking in this order finds the one for its version; the order matters, since
 * {@link #ARTIFACT_STATUS} does create a session on 4.x. Measured figures: docs/probing.md.
 */
public enum TracelessCall {
    /** Spark 4.0 and later: releasing a session that doesn't exist does nothing. */
    RELEASE_SESSION("ReleaseSession"),
    /** Spark 3.5: asking for the status of no artifacts. */
    ARTIFACT_STATUS("ArtifactStatus"),
    /** Spark 3.4: a stream of artifacts that ends before its first message. */
    ADD_ARTIFACTS("AddArtifacts");

    private final String method;

    TracelessCall(String method) {
        this.method = method;
    }

    /** The method's name in {@code spark.connect.SparkConnectService}. */
    public String method() {
        return method;
    }
}
