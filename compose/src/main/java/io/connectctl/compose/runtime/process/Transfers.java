package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.Progress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.aether.transfer.AbstractTransferListener;
import org.eclipse.aether.transfer.TransferCancelledException;
import org.eclipse.aether.transfer.TransferEvent;

/** Adds up what is transferred; the total is an estimate from the sizes known so far until all are known. */
final class Transfers extends AbstractTransferListener {
    private final String stage;
    private final Progress progress;
    private final AtomicBoolean cancelled;
    private final Map<String, Long> sizes = new ConcurrentHashMap<>();
    private final Map<String, Long> done = new ConcurrentHashMap<>();
    private volatile int expected;
    private long lastReport;

    Transfers(String stage, Progress progress, AtomicBoolean cancelled) {
        this.stage = stage;
        this.progress = progress;
        this.cancelled = cancelled;
    }

    /** From here on jars are fetched, at most this many. */
    void expect(int jars) {
        expected = jars;
    }

    @Override
    public void transferInitiated(TransferEvent event) throws TransferCancelledException {
        check();
    }

    @Override
    public void transferProgressed(TransferEvent event) throws TransferCancelledException {
        check();
        String name = event.getResource().getResourceName();
        if (name.endsWith(".jar")) {
            if (event.getResource().getContentLength() > 0) {
                sizes.put(name, event.getResource().getContentLength());
            }
            done.put(name, event.getTransferredBytes());
            report();
        }
    }

    private void check() throws TransferCancelledException {
        if (cancelled.get()) {
            throw new TransferCancelledException("interrupted");
        }
    }

    private synchronized void report() {
        long now = System.nanoTime();
        if (now - lastReport < 100_000_000L) {
            return; // ten times a second is enough for anybody
        }
        lastReport = now;
        long known = sizes.values().stream().mapToLong(Long::longValue).sum();
        long total = expected == 0 || sizes.size() < Math.min(10, expected)
                ? 0
                : Math.max(known, known / sizes.size() * expected);
        progress.report(stage, done.values().stream().mapToLong(Long::longValue).sum(), total);
    }
}
