package io.connectctl.compose.runtime.docker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the kernel of this machine says of containers that ran out of memory. An engine hears of that from its containers' control group,
 * and hears nothing where the group is gone before it looks: seen with Docker 20.10 on a loaded machine.
 */
final class KernelLog {
    private static final Logger LOG = LoggerFactory.getLogger(KernelLog.class);

    /** Root's, or whoever may read it where {@code kernel.dmesg_restrict} is 0. */
    private static final Path DEVICE = Path.of("/dev/kmsg");

    /** It holds some thousand records, each read at once. */
    private static final Duration LONGEST_LOOK = Duration.ofMillis(500);

    /** The two clocks, and the engine's word on the end, may differ by so much. */
    private static final Duration NEAR = Duration.ofSeconds(5);

    /** {@code 6,1234,29885994529,-;oom-kill:constraint=...,task_memcg=/docker/ID,...}, the third being microseconds since the boot. */
    private static final Pattern KILL =
            Pattern.compile("^\\d+,\\d+,(\\d{1,18}),[^;]*;oom-kill:.*task_memcg=(\\S+?),task=");

    private KernelLog() {}

    /**
     * True if the kernel killed a process of this container for its memory at about this moment; false also where that can't be read, or
     * another machine's kernel would know.
     */
    static boolean ranOutOfMemory(String container, Instant end) throws InterruptedException {
        Duration ago = Duration.between(end, Instant.now());
        // The kernel's clock of its log is the one that runs since the boot.
        Duration at = Duration.ofNanos(System.nanoTime()).minus(ago);
        return ranOutOfMemory(DEVICE, container, at);
    }

    /**
     * @param device what to read
     * @param at moment of the container's end, since the boot
     */
    static boolean ranOutOfMemory(Path device, String container, Duration at) throws InterruptedException {
        if (!Files.isReadable(device)) {
            return false;
        }
        CompletableFuture<Boolean> found = new CompletableFuture<>();
        // After its last record the kernel keeps a reader waiting for the next one.
        Thread reader = new Thread(() -> read(device, container, at, found), "kernel-log");
        reader.setDaemon(true);
        reader.start();
        try {
            return found.get(LONGEST_LOOK.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return false;
        } finally {
            reader.interrupt();
        }
    }

    private static void read(Path device, String container, Duration at, CompletableFuture<Boolean> found) {
        ByteBuffer record = ByteBuffer.allocate(16 << 10);
        try (ReadableByteChannel channel = Files.newByteChannel(device)) {
            while (channel.read(record.clear()) > 0) {
                String text = StandardCharsets.UTF_8.decode(record.flip()).toString();
                if (text.lines().anyMatch(line -> tells(line, container, at))) {
                    found.complete(true);
                    return;
                }
            }
        } catch (ClosedByInterruptException e) {
            LOG.trace("the kernel's log was read", e);
        } catch (IOException e) {
            LOG.debug("{} can't be read", device, e);
        }
        found.complete(false);
    }

    static boolean tells(String record, String container, Duration at) {
        Matcher kill = KILL.matcher(record);
        return kill.find()
                && kill.group(2).contains(container)
                && Duration.ofNanos(Long.parseLong(kill.group(1)) * 1_000)
                                .minus(at)
                                .abs()
                                .compareTo(NEAR)
                        <= 0;
    }
}
