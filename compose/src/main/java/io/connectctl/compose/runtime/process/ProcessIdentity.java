package io.connectctl.compose.runtime.process;

import java.util.Optional;

/**
 * Who a process is, for those who aren't its parent: its pid alone may be another's tomorrow.
 *
 * @param pid its process id
 * @param start when it started, in clock ticks since the boot (/proc/PID/stat, field 22)
 * @param boot the kernel's boot id
 */
public record ProcessIdentity(long pid, long start, String boot) {
    /** The process that has this pid now; empty if none lives. */
    public static Optional<ProcessIdentity> of(long pid) {
        return Proc.stat(pid)
                .map(Proc.Stat::identity)
                .filter(Proc.Identity::alive)
                .map(identity -> new ProcessIdentity(identity.pid(), identity.start(), identity.boot()));
    }

    /** Reads a line {@code PID START BOOT}; empty where it is none. */
    public static Optional<ProcessIdentity> parse(String line) {
        return Proc.Identity.parse(line)
                .map(identity -> new ProcessIdentity(identity.pid(), identity.start(), identity.boot()));
    }

    /** True while this very process lives; one that ended and only waits to be reaped doesn't. */
    public boolean alive() {
        return new Proc.Identity(pid, start, boot).alive();
    }

    /** The kernel's boot id now. */
    public static String bootId() {
        return Proc.bootId();
    }
}
