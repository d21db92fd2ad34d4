package io.connectctl.manager.store;

/**
 * How many events are kept, the newest ones; somewhat more may lie there between two cleanings.
 *
 * @param overall of all servers together
 * @param each of one server
 */
public record Retention(int overall, int each) {
    /** Weeks of an ordinary installation in a few megabytes; one restless server can't push out the others' history. */
    public static final Retention DEFAULT = new Retention(10_000, 2_000);
}
