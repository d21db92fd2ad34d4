package io.connectctl.health;

/** What one {@link Probe} found out. */
sealed interface ProbeResult {
    /** The rung is proven. What the server told on the way lies in {@link Findings}. */
    record Passed() implements ProbeResult {}

    /** This probe can't tell (the server doesn't offer what it speaks): the next probe of the rung decides. */
    record Undecided(String reason) implements ProbeResult {}

    /**
     * The rung isn't proven.
     *
     * @param detail one line for people, as in {@link ProbeFailure}
     */
    record Failed(ProbeFailure.Kind kind, String detail) implements ProbeResult {}

    /** The only pass there is. */
    Passed PASSED = new Passed();

    /** Short for a {@link Failed}. */
    static Failed failed(ProbeFailure.Kind kind, String detail) {
        return new Failed(kind, detail);
    }
}
