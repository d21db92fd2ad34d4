package io.connectctl.tests;

import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * One server as whoever commands it must believe it to be: what was acknowledged. Where a command was cut off before its answer came, what
 * was before it and what it asked for are both possible, until a later command is acknowledged.
 */
final class ChaosServer {
    final String name;
    final Where where;
    final int port;

    /** Wanted up, down, or either. */
    final TreeSet<Boolean> up = new TreeSet<>();
    /** What the file says now, and nobody need have read yet. */
    int inFile;
    /** Marks that may be in force: {@code spark.sql.shuffle.partitions} of the file. */
    final TreeSet<Integer> inForce = new TreeSet<>();
    /** The flags' mark: {@code spark.sql.autoBroadcastJoinThreshold}; possible values as declared last. */
    final TreeSet<Integer> flag = new TreeSet<>();

    final TreeSet<Integer> flagInForce = new TreeSet<>();

    ChaosServer(String name, Where where, int port) {
        this.name = name;
        this.where = where;
        this.port = port;
    }

    /** A start, stop or restart that was acknowledged, or may have been. */
    void told(String command, boolean acknowledged) {
        boolean wantedUp = !command.equals("stop");
        if (acknowledged && wantedUp && (command.equals("restart") || !up.contains(true))) {
            // A launch by hand puts the declaration in force.
            replace(inForce, inFile);
            flagInForce.clear();
            flagInForce.addAll(flag);
        } else if (wantedUp) {
            // Whether this launched it can't be known, or it ran already.
            if (!acknowledged || up.contains(false)) {
                inForce.add(inFile);
                flagInForce.addAll(flag);
            }
        }
        if (acknowledged) {
            up.clear();
        }
        up.add(wantedUp);
    }

    /** The flags' mark, declared with a start or restart. */
    void flagged(int mark, boolean acknowledged) {
        if (acknowledged) {
            flag.clear();
        }
        flag.add(mark);
    }

    static void replace(Set<Integer> values, int value) {
        values.clear();
        values.add(value);
    }

    boolean surelyUp() {
        return up.size() == 1 && up.contains(true);
    }

    @Override
    public String toString() {
        return name + " (" + where.name().toLowerCase(Locale.ROOT) + ", wanted "
                + (up.size() > 1 ? "up or down" : up.contains(true) ? "up" : "down") + ", in force " + inForce + "/"
                + flagInForce + ")";
    }
}
