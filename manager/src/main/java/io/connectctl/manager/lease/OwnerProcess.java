package io.connectctl.manager.lease;

/**
 * A process that owns a lease. Its pid alone could be another's tomorrow.
 *
 * @param pid its process id
 * @param start when it started, in clock ticks since the boot
 * @param boot the kernel's boot id
 */
public record OwnerProcess(long pid, long start, String boot) {}
