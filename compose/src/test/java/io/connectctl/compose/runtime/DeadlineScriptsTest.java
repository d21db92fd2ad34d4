package io.connectctl.compose.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.docker.DockerRuntime;
import io.connectctl.compose.runtime.process.ProcessRuntime;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the scripts that end what is leased by a real sh: each ends by itself once its work is done, which is what the tests wait for. */
class DeadlineScriptsTest {
    private static final long PATIENCE_SECONDS = 30;

    private final Path state;
    private final String boot;
    private final List<Process> started = new ArrayList<>();

    DeadlineScriptsTest(@TempDir Path folder) throws IOException {
        state = Files.createDirectories(folder.resolve("a state"));
        boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    }

    @AfterEach
    void end() {
        started.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }

    private static String script(Class<?> beside, String name) throws URISyntaxException {
        URL url = Objects.requireNonNull(beside.getResource(name), name);
        return Path.of(url.toURI()).toString();
    }

    private Process start(String... command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        started.add(process);
        return process;
    }

    private Process watch() throws Exception {
        return start("setsid", "/bin/sh", script(DeadlineWatch.class, "deadlines.sh"), state.toString());
    }

    private static int exit(Process process) throws InterruptedException {
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("ended")
                .isTrue();
        return process.exitValue();
    }

    /** Of somebody else's child, which may be reaped a moment later. */
    private static void awaitEnd(String pid) throws Exception {
        Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(pid));
        if (process.isPresent()) {
            process.get().onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    private static long uptime() throws IOException {
        String text = Files.readString(Path.of("/proc/uptime"));
        return Long.parseLong(text.substring(0, text.indexOf('.')));
    }

    private Path server(String name) throws IOException {
        Path server = Files.createDirectories(state.resolve("servers").resolve(name));
        Files.writeString(server.resolve("token"), "secret");
        return server;
    }

    private Path leased(String name, String content) throws IOException {
        Path server = server(name);
        Files.writeString(server.resolve(Deadline.FILE), content);
        return server;
    }

    private String over() throws IOException {
        return boot + " " + (uptime() - 60) + " 0\n";
    }

    private String later() throws IOException {
        return boot + " " + (uptime() + 600) + " 600\n";
    }

    @Test
    void foldersWhoseTimeIsOverGoAndNoOthers() throws Exception {
        Path over = leased("lease-1", over());
        Path before = leased("lease-2", "another-boot 999999999 600\n");
        Path justOver = leased("lease-3", boot + " " + (uptime() - 5) + " 0\n");
        Path plain = server("plain");

        assertThat(exit(watch())).isZero();

        assertThat(over).doesNotExist();
        assertThat(before).as("of another boot").doesNotExist();
        assertThat(justOver).as("its server had time to end").doesNotExist();
        assertThat(plain.resolve("token")).exists();
    }

    @Test
    void itStaysAsLongAsSomethingIsLeasedAndASecondOneEndsAtOnce() throws Exception {
        Path leased = leased("lease-1", later());
        Path torn = leased("lease-2", "");
        Process first = watch();
        Process second = watch();

        CompletableFuture.anyOf(first.onExit(), second.onExit()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);

        Process stays = first.isAlive() ? first : second;
        assertThat(stays.isAlive()).isTrue();
        assertThat(leased.resolve("token")).exists();
        assertThat(torn.resolve("token")).as("nothing can be read of it").exists();
        Files.delete(leased.resolve(Deadline.FILE));
        Files.delete(torn.resolve(Deadline.FILE));
        assertThat(exit(stays)).isZero();
        assertThat(leased.resolve("token")).exists();
    }

    @Test
    void aServerThatOutlivedItsKeeperIsKilledWithItsSessionAndNobodyElse() throws Exception {
        Path leased = leased("lease-1", over());
        String lock = leased.resolve("lock").toString();
        Process server = start(
                "setsid",
                "/bin/sh",
                "-c",
                "exec 9>>\"$1\"; flock -n 9 || exit; sleep 600 9>&- & echo $! >\"$1.new\"; mv \"$1.new\" \"$1.worker\"; exec sleep 600",
                "sh",
                lock);
        // It holds no lock of ours, though a descriptor of that number.
        Process stranger = start("/bin/sh", "-c", "exec 9>>\"$1\"; exec sleep 600", "sh", state + "/other");
        while (!Files.exists(Path.of(lock + ".worker")) && server.isAlive()) {
            Thread.onSpinWait();
        }
        String worker = Files.readString(Path.of(lock + ".worker")).strip();

        assertThat(exit(watch())).isZero();

        assertThat(exit(server)).isEqualTo(137);
        assertThat(leased).doesNotExist();
        assertThat(stranger.isAlive()).isTrue();
        awaitEnd(worker);
    }

    @Test
    void whatALinkLeadsToStays() throws Exception {
        Path elsewhere = Files.createDirectories(state.resolve("elsewhere"));
        Files.writeString(elsewhere.resolve(Deadline.FILE), over());
        Files.createDirectories(state.resolve("servers"));
        Path link = Files.createSymbolicLink(state.resolve("servers/lease-1"), elsewhere);
        Path other = leased("lease-2", over());
        Process watch = watch();
        while (Files.exists(other) && watch.isAlive()) {
            Thread.onSpinWait();
        }

        assertThat(elsewhere.resolve(Deadline.FILE)).exists();
        Files.delete(link);
        assertThat(exit(watch)).isZero();
    }

    @Test
    void theStateOfOneCommandGoesWithItsLastServerUnlessItsIdIsStillNeeded() throws Exception {
        Files.createFile(state.resolve("for-one-command"));
        Files.writeString(state.resolve("installation"), "0123abcd");
        leased("lease-1", over());
        assertThat(exit(watch())).isZero();
        assertThat(state.resolve("installation"))
                .as("gc finds its containers by it")
                .exists();

        Files.delete(state.resolve("installation"));
        leased("lease-2", over());
        assertThat(exit(watch())).isZero();
        assertThat(state).doesNotExist();
    }

    @Test
    void aKeeperEndsItsServerAtItsDeadlineAndWhatThatStarted() throws Exception {
        Path leased = leased("lease-1", boot + " " + (uptime() + 1) + " 1\n");
        Path run = Files.createDirectories(leased.resolve("run/1"));
        Process keeper = start(
                "setsid",
                "/bin/sh",
                script(ProcessRuntime.class, "keeper.sh"),
                leased.resolve("lock").toString(),
                run.toString(),
                leased.resolve("work").toString(),
                "1000000",
                "2",
                "/bin/sh",
                "-c",
                "/bin/sleep 600 & echo $! >../worker; exec /bin/sleep 600");

        exit(keeper);

        assertThat(run.resolve("exit")).content().startsWith("code=143");
        String worker = Files.readString(leased.resolve("worker")).strip();
        awaitEnd(worker);
        assertThat(leased.resolve("token"))
                .as("the folder is for deadlines.sh to remove")
                .exists();
    }

    @Test
    void inAContainerTheTimeCountsFromTheLastChangeAndAServerThatWontEndIsKilled() throws Exception {
        Path deadline = state.resolve("deadline");
        Files.writeString(deadline, "elsewhere 5 600\n");
        Process polite = start(
                "setsid",
                "/bin/sh",
                script(DockerRuntime.class, "lease.sh"),
                deadline.toString(),
                "/bin/sh",
                "-c",
                "echo >\"$0\"; exec sleep 600",
                state + "/runs");
        Process stubborn = start(
                "setsid",
                "/bin/sh",
                script(DockerRuntime.class, "lease.sh"),
                deadline.toString(),
                "/bin/sh",
                "-c",
                "trap '' TERM; while :; do sleep 1; done");
        while (!Files.exists(state.resolve("runs")) && polite.isAlive()) {
            Thread.onSpinWait();
        }

        Files.writeString(deadline, "elsewhere 6 1\n");

        assertThat(exit(polite)).isEqualTo(143);
        assertThat(exit(stubborn)).isEqualTo(137);
    }
}
