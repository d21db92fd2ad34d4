package io.connectctl.manager.diagnose;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Every rule there is, in order: where two find their proof in the same log entry, the upper one is right. */
final class Rules {
    /** What the system says it did; nothing in a log is surer. */
    static final List<Rule> PROVEN_BY_SYSTEM =
            List.of(new KilledByKernel(), new Removed(), new EngineRestarted(), new MachineRestarted());

    /** What the log proves. */
    static final List<Rule> PROVEN_BY_LOG = List.of(
            new JvmCrashed(),
            new HostOutOfMemory(),
            new OutOfMemory(),
            new DiskFull(),
            new JavaNotFound(),
            new JavaTooNew(),
            new JavaTooOld(),
            new DriverMemoryTooSmall(),
            new ExecutorMemoryTooSmall(),
            new JvmOptionInvalid(),
            new BadMaster(),
            new YarnRefused(),
            new OtherSparkVersion(),
            new MasterUnreachable(),
            new YarnWaits(),
            new DriverUnreachable(),
            new ApplicationKilled(),
            new ClusterMode(),
            new ConnectJarMissing(),
            new SparkClassMissing(),
            new ClassNotFound(),
            new PackageUnresolvable(),
            new PortTaken(),
            new UiPortTaken(),
            new ForeignAddress(),
            new BadConfValue(),
            new UserUnknown(),
            new FolderUnwritable(),
            new Zombie());

    /** What the exit status, or the last probe, tells where the log proves nothing. */
    static final List<Rule> PROVEN_BY_END = List.of(
            new Signalled(), new ExitedByItself(), new ExecutorsMissing(), new StartTimedOut(), new ProbeFailed());

    private Rules() {}

    /** Every code that a diagnosis can have. */
    static Set<String> codes() {
        Set<String> codes = new TreeSet<>(Set.of(Unknown.CODE));
        Stream.of(PROVEN_BY_SYSTEM, PROVEN_BY_LOG, PROVEN_BY_END)
                .flatMap(List::stream)
                .forEach(rule -> codes.addAll(rule.codes()));
        return codes;
    }
}
