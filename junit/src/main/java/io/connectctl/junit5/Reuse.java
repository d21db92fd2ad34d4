package io.connectctl.junit5;

/** For how long a server is shared, and by whom. */
public enum Reuse {
    /**
     * One server for a test class, its nested classes included; gone after its last test. Test classes that run in parallel get one
     * each.
     */
    CLASS,

    /**
     * One server for all test classes of a run that declare the very same: started by whichever comes first, gone after the last test
     * of the run. A run is one execution of JUnit's engine: where a build tool forks several JVMs, each of them is a run of its own.
     */
    RUN
}
