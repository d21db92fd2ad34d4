package io.connectctl.tests;

/**
 * How a command ended.
 *
 * @param exit its exit code
 * @param out what it wrote to stdout
 * @param err what it wrote to stderr
 */
record Outcome(int exit, String out, String err) {
    /** Both streams, for failure messages. */
    @Override
    public String toString() {
        return "exit " + exit + "\n--- stdout\n" + out + "\n--- stderr\n" + err;
    }
}
