package io.connectctl.manager.supervise;

import java.lang.management.ManagementFactory;

/** The machine that servers run on. */
public final class Machine {
    private Machine() {}

    /** Its memory in bytes; in a container the container's. */
    public static long memory() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getTotalMemorySize();
    }
}
