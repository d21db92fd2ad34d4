package io.connectctl.manager.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.connectctl.manager.lifecycle.ServerEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteStoreTest extends StateStoreContract {
    private final Path folder;

    SqliteStoreTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private Path state() {
        return folder.resolve("state");
    }

    private Path file() {
        return state().resolve("connectctl.db");
    }

    @Override
    StateStore create() throws Exception {
        return SqliteStore.open(folder.resolve("contract.db"), SMALL, SqliteStore.MIGRATIONS);
    }

    @Test
    void whatWasCommittedIsThereAfterReopening() throws Exception {
        try (SqliteStore store = SqliteStore.open(file())) {
            store.commit(server(SALES, "{\"a\":1}"), List.of(event(SALES, "1")));
        }

        try (SqliteStore store = SqliteStore.open(file())) {
            assertThat(store.servers()).containsExactly(server(SALES, "{\"a\":1}"));
            assertThat(store.lastSequence()).isEqualTo(1);
        }
    }

    @Test
    void onlyTheOwnerMayReadIt() throws Exception {
        try (SqliteStore store = SqliteStore.open(file())) {
            store.commit(server(SALES, "{}"), List.of());

            assertThat(mode(state())).isEqualTo("rwx------");
            try (var files = Files.list(state())) {
                List<Path> all = files.toList();
                assertThat(all).hasSizeGreaterThan(1);
                for (Path one : all) {
                    assertThat(mode(one)).as("%s", one).isEqualTo("rw-------");
                }
            }
        }
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void aNewerSchemaIsRefusedAndLeftAlone() throws Exception {
        List<List<String>> newer = new ArrayList<>(SqliteStore.MIGRATIONS);
        newer.add(List.of("alter table servers add column future text"));
        SqliteStore.open(file(), Retention.DEFAULT, newer).close();

        assertThatThrownBy(() -> SqliteStore.open(file()))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("newer connectctl")
                .hasMessageContaining("declares the servers again from their folders")
                .hasMessageContaining(file().toString());
    }

    @Test
    void anOlderSchemaIsBackedUpAndBroughtUpToDate() throws Exception {
        try (SqliteStore store = SqliteStore.open(file())) {
            store.commit(server(SALES, "{\"a\":1}"), List.of(event(SALES, "1")));
        }
        List<List<String>> newer = new ArrayList<>(SqliteStore.MIGRATIONS);
        newer.add(List.of("alter table servers add column future text"));

        try (SqliteStore store = SqliteStore.open(file(), Retention.DEFAULT, newer)) {
            assertThat(store.servers()).containsExactly(server(SALES, "{\"a\":1}"));
        }

        Path backup = file().resolveSibling("connectctl.db.schema-" + SqliteStore.MIGRATIONS.size() + ".bak");
        assertThat(mode(backup)).isEqualTo("rw-------");
        try (SqliteStore old = SqliteStore.open(backup)) {
            assertThat(old.servers()).containsExactly(server(SALES, "{\"a\":1}"));
        }
    }

    @Test
    void aStoreFromBeforeLeasesGetsRoomForThem() throws Exception {
        try (SqliteStore store = SqliteStore.open(file(), SMALL, SqliteStore.MIGRATIONS.subList(0, 1))) {
            store.commit(server(SALES, "{\"a\":1}"), List.of(event(SALES, "1")));
        }

        try (SqliteStore store = SqliteStore.open(file())) {
            assertThat(store.servers()).containsExactly(server(SALES, "{\"a\":1}"));
            assertThat(store.leases().leases()).isEmpty();
            store.commit(new LeaseChanges(Map.of("a1", "{}"), Set.of(), Map.of(), Set.of()));
        }
        try (SqliteStore store = SqliteStore.open(file())) {
            assertThat(store.leases().leases()).containsExactly(Map.entry("a1", "{}"));
        }
    }

    @Test
    void aFailedMigrationChangesNothing() throws Exception {
        try (SqliteStore store = SqliteStore.open(file())) {
            store.commit(server(SALES, "{}"), List.of());
        }
        List<List<String>> broken = new ArrayList<>(SqliteStore.MIGRATIONS);
        broken.add(List.of("alter table servers add column future text", "nonsense"));

        assertThatThrownBy(() -> SqliteStore.open(file(), Retention.DEFAULT, broken))
                .isInstanceOf(StoreException.class);
        try (SqliteStore store = SqliteStore.open(file())) {
            assertThat(store.servers()).hasSize(1);
        }
    }

    @Test
    void aDamagedFileIsReportedWithARemedyAndKept() throws Exception {
        Files.createDirectories(state());
        byte[] damage = "this is no database, and longer than a header of one hundred bytes "
                .repeat(40)
                .getBytes(StandardCharsets.UTF_8);
        Files.write(file(), damage);

        assertThatThrownBy(() -> SqliteStore.open(file()))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("damaged")
                .hasMessageContaining(".recover");
        assertThat(Files.readAllBytes(file())).isEqualTo(damage);
    }

    @Test
    void damageInsideIsFoundWhenOpening() throws Exception {
        try (SqliteStore store = SqliteStore.open(file())) {
            for (int i = 0; i < 200; i++) {
                store.commit(server(SALES, "{}"), List.of(event(SALES, "a message of some length " + i)));
            }
        }
        byte[] bytes = Files.readAllBytes(file());
        assertThat(bytes.length).isGreaterThan(3 * 4096);
        for (int i = 4096; i < bytes.length; i++) {
            bytes[i] = (byte) (bytes[i] ^ 0x5A);
        }
        Files.write(file(), bytes);

        assertThatThrownBy(() -> SqliteStore.open(file()))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("damaged");
        assertThat(Files.readAllBytes(file())).isEqualTo(bytes);
    }

    @Test
    void aFullDiskIsSaidAndNothingIsHalfDone() throws Exception {
        try (SqliteStore store = SqliteStore.open(file())) {
            store.commit(server(SALES, "{\"a\":1}"), List.of(event(SALES, "1")));
            store.limitPages(20);

            assertThatThrownBy(
                            () -> store.commit(server(SALES, "{\"a\":2}"), List.of(event(SALES, "x".repeat(500_000)))))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("the disk is full");

            assertThat(store.servers()).containsExactly(server(SALES, "{\"a\":1}"));
            assertThat(store.lastSequence()).isEqualTo(1);
            store.commit(server(SALES, "{\"a\":3}"), List.of(event(SALES, "small")));
            assertThat(store.servers()).containsExactly(server(SALES, "{\"a\":3}"));
        }
    }

    @Test
    void whatIsLeftOfAFullDiskIsForTheStore() throws Exception {
        Path disk = Files.createDirectories(file().resolveSibling("disk"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=48m", "store", disk.toString()),
                "a small disk can't be mounted here: only root may");
        try {
            Path file = disk.resolve("connectctl.db");
            Path balloon = disk.resolve("balloon");
            try (SqliteStore store = SqliteStore.open(file)) {
                store.commit(server(SALES, "{\"a\":1}"), List.of(event(SALES, "1")));
                fill(balloon);

                for (int written = 2; written < 10; written++) {
                    store.commit(server(SALES, "{\"a\":" + written + "}"), List.of(event(SALES, "" + written)));
                    // What fills the disk goes on with it.
                    fill(balloon);
                }
            }
            fill(balloon);
            try (SqliteStore store = SqliteStore.open(file)) {
                assertThat(store.servers()).containsExactly(server(SALES, "{\"a\":9}"));
            }
            Files.delete(balloon);
            SqliteStore.open(file).close();
            assertThat(disk.resolve("connectctl.db-reserve")).as("kept again").hasSize(Reserve.BYTES);
        } finally {
            run("umount", "--lazy", disk.toString());
        }
    }

    private static boolean run(String... command) throws Exception {
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }

    /** To the last byte. */
    private static void fill(Path balloon) {
        for (int size : new int[] {1 << 16, 1}) {
            try (OutputStream out =
                    Files.newOutputStream(balloon, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
                while (true) {
                    out.write(new byte[size]);
                }
            } catch (IOException full) {
                // That is what it is for.
            }
        }
    }

    @Test
    void aKillAtAnyInstantLosesNothingAcknowledged() throws Exception {
        Random random = new Random(4);
        long acknowledged = 0;
        for (int round = 0; round < Integer.getInteger("connectctl.counts.kills", 3); round++) {
            Process child = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin/java").toString(),
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Committer.class.getName(),
                            file().toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            int most = 5 + random.nextInt(60);
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
                for (int i = 0; i < most; i++) {
                    String line = lines.readLine();
                    assertThat(line).as("the child commits").isNotNull();
                    acknowledged = Long.parseLong(line);
                }
                // Through the handle: Process.destroyForcibly closes the stream, and with it what was acknowledged.
                child.toHandle().destroyForcibly();
                for (String line = lines.readLine(); line != null && line.matches("\\d+"); line = lines.readLine()) {
                    acknowledged = Math.max(acknowledged, Long.parseLong(line));
                }
            }
            child.waitFor();

            try (SqliteStore store = SqliteStore.open(file())) {
                long last = store.lastSequence();
                // One more may be stored than was heard of; a torn last line only makes the claim weaker.
                assertThat(last).isBetween(acknowledged, acknowledged + 2);
                assertThat(store.servers()).containsExactly(server(SALES, "{\"n\":" + last + "}"));
                List<ServerEvent> events = store.events(Optional.empty(), 0, 100_000);
                assertThat(events).hasSize((int) last);
                assertThat(events.get(events.size() - 1).message()).isEqualTo("n" + last);
            }
        }
    }
}
