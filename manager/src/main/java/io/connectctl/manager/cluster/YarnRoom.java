package io.connectctl.manager.cluster;

/**
 * What a YARN cluster has left.
 *
 * @param availableMib memory that nobody has
 * @param totalMib memory of all its machines
 * @param availableCores virtual cores that nobody has
 * @param totalCores virtual cores of all its machines
 * @param nodes machines that work
 * @param lostNodes machines that don't: lost, unhealthy, shut down
 */
public record YarnRoom(
        long availableMib, long totalMib, long availableCores, long totalCores, int nodes, int lostNodes) {
    /** In words, for whoever waits. */
    public String text() {
        if (nodes == 0) {
            return "cluster has no working NodeManager"
                    + (lostNodes > 0 ? " (" + lostNodes + " lost or unhealthy)" : "");
        }
        return "cluster has " + availableMib + " of " + totalMib + " MiB and " + availableCores + " of " + totalCores
                + " vcores free on " + nodes + (nodes == 1 ? " node" : " nodes");
    }
}
