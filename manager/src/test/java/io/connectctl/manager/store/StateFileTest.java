package io.connectctl.manager.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever lies where the state file should: a store is opened, or it is said why not; and nothing that was there is overwritten. */
class StateFileTest {
    private static final Instant NOW = Instant.parse("2026-11-29T15:18:17Z");
    private static final String ASIDE = "connectctl.db.damaged-20261129T151817Z";
    private static final int ROUNDS = Integer.getInteger("connectctl.counts.damages", 20);

    private final Path folder;
    private final Path file;

    StateFileTest(@TempDir Path folder) {
        this.folder = folder;
        this.file = folder.resolve("connectctl.db");
    }

    /** Some pages of servers and events, closed: one file. */
    @BeforeEach
    void fill() throws Exception {
        try (SqliteStore store = SqliteStore.open(file)) {
            for (int i = 0; i < 60; i++) {
                store.commit(
                        new StoredServer(
                                i % 2 == 0 ? StateStoreContract.SALES : StateStoreContract.HR,
                                "{\"declared\":{},\"n\":" + i + "}",
                                "{}"),
                        List.of(StateStoreContract.event(StateStoreContract.SALES, "a message of some length " + i)));
            }
        }
        assertThat(Files.size(file)).isGreaterThan(5 * 4096);
    }

    /** What lies there now, apart from what SQLite makes anew. */
    private Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new HashMap<>();
        try (Stream<Path> all = Files.list(folder)) {
            for (Path one : (Iterable<Path>) all::iterator) {
                files.put(one.getFileName().toString(), Files.readAllBytes(one));
            }
        }
        return files;
    }

    /** Opens it, and expects that it was set aside byte for byte, and that the new one works. */
    private String assertSetAside() throws Exception {
        Map<String, byte[]> before = files();
        StateFile.Opened opened = StateFile.open(file, NOW);
        try (SqliteStore store = opened.store()) {
            assertThat(opened.notice()).isPresent();
            assertThat(opened.notice().get())
                    .contains(file.toString(), "damaged", "is set aside", ASIDE, "leases and pools");
            assertThat(store.servers()).isEmpty();
            assertThat(store.lastSequence()).isEqualTo(NOW.toEpochMilli());
            assertThat(store.commit(
                                    StateStoreContract.server(StateStoreContract.SALES, "{}"),
                                    List.of(StateStoreContract.event(StateStoreContract.SALES, "on")))
                            .get(0)
                            .sequence())
                    .isEqualTo(NOW.toEpochMilli() + 1);
            Map<String, byte[]> after = files();
            assertThat(after.get(ASIDE)).isEqualTo(before.get("connectctl.db"));
            if (before.containsKey("connectctl.db-wal")) {
                assertThat(after.get(ASIDE + "-wal")).isEqualTo(before.get("connectctl.db-wal"));
            }
        }
        try (SqliteStore again = StateFile.open(file, NOW).store()) {
            assertThat(again.servers()).hasSize(1);
        }
        return opened.notice().get();
    }

    @Test
    void aWholeFileIsOpenedAsItIs() throws Exception {
        StateFile.Opened opened = StateFile.open(file, NOW);
        try (SqliteStore store = opened.store()) {
            assertThat(opened.notice()).isEmpty();
            assertThat(store.servers()).hasSize(2);
            assertThat(store.lastSequence()).isEqualTo(60);
        }
    }

    @Test
    void aGarbledHeaderIsSetAside() throws Exception {
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 0, 100, (byte) 'x');
        Files.write(file, bytes);

        assertThat(assertSetAside()).contains("SQLITE_NOTADB");
    }

    @Test
    void whatIsNoDatabaseAtAllIsSetAside() throws Exception {
        Files.writeString(file, "servers:\n  sales:\n    port: 15002\n".repeat(50));

        assertSetAside();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 17, 99, 100, 101, 511, 512, 513, 4095, 4096, 4097, 8192, 12288})
    void aFileThatWasCutOffIsSetAside(int length) throws Exception {
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), length));

        assertSetAside();
    }

    @Test
    void cutsAtRandomLengthsNeverFailNorLoseWhatIsThere() throws Exception {
        Random random = new Random(6);
        byte[] whole = Files.readAllBytes(file);
        for (int round = 0; round < ROUNDS; round++) {
            Files.write(file, Arrays.copyOf(whole, 1 + random.nextInt(whole.length - 1)));
            assertSetAside();
            clear();
        }
    }

    private void clear() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            for (Path one : (Iterable<Path>) all::iterator) {
                Files.delete(one);
            }
        }
    }

    @Test
    void pagesOfNoiseInTheMiddleAreSetAsideOrDoNoHarm() throws Exception {
        Random random = new Random(7);
        byte[] whole = Files.readAllBytes(file);
        int setAside = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = whole.clone();
            byte[] noise = new byte[1 + random.nextInt(4096)];
            random.nextBytes(noise);
            System.arraycopy(noise, 0, bytes, random.nextInt(bytes.length - noise.length), noise.length);
            Files.write(file, bytes);

            StateFile.Opened opened = StateFile.open(file, NOW);
            try (SqliteStore store = opened.store()) {
                if (opened.notice().isPresent()) {
                    setAside++;
                    assertThat(Files.readAllBytes(folder.resolve(ASIDE))).isEqualTo(bytes);
                }
                // SQLite keeps no checksums: what was hit within a text is read as it is, and must do no more harm than
                // that.
                store.servers();
                store.events(Optional.empty(), 0, 1000);
                store.leases();
                store.append(List.of(StateStoreContract.event(StateStoreContract.SALES, "on")));
            }
            clear();
        }
        assertThat(setAside).isGreaterThan(ROUNDS / 5);
    }

    @Test
    void singleBytesThatFlippedDoNoHarm() throws Exception {
        Random random = new Random(8);
        byte[] whole = Files.readAllBytes(file);
        for (int round = 0; round < ROUNDS * 2; round++) {
            byte[] bytes = whole.clone();
            int place = round % 2 == 0 ? random.nextInt(512) : random.nextInt(bytes.length);
            bytes[place] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, bytes);

            StateFile.Opened opened = StateFile.open(file, NOW);
            try (SqliteStore store = opened.store()) {
                if (opened.notice().isPresent()) {
                    assertThat(Files.readAllBytes(folder.resolve(ASIDE)))
                            .as("byte %s", place)
                            .isEqualTo(bytes);
                }
                store.servers();
                store.events(Optional.empty(), 0, 1000);
                store.append(List.of(StateStoreContract.event(StateStoreContract.SALES, "on")));
            }
            clear();
        }
    }

    @Test
    void anEmptyFileIsANewStore() throws Exception {
        Files.write(file, new byte[0]);

        StateFile.Opened opened = StateFile.open(file, NOW);
        try (SqliteStore store = opened.store()) {
            assertThat(opened.notice()).isEmpty();
            assertThat(store.servers()).isEmpty();
        }
    }

    /** As a daemon that was killed leaves them: commits that are in the log alone. */
    private void killed() throws Exception {
        Path copy = Files.createDirectory(folder.resolveSibling(folder.getFileName() + "-copy"));
        try (SqliteStore store = SqliteStore.open(file)) {
            store.commit(
                    StateStoreContract.server(StateStoreContract.SALES, "{\"late\":1}"),
                    List.of(StateStoreContract.event(StateStoreContract.SALES, "late")));
            for (String name : List.of("connectctl.db", "connectctl.db-wal")) {
                Files.copy(folder.resolve(name), copy.resolve(name));
            }
        }
        clear();
        for (String name : List.of("connectctl.db", "connectctl.db-wal")) {
            Files.move(copy.resolve(name), folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        Files.delete(copy);
    }

    @Test
    void aFileThatWasEmptiedIsSetAsideWithItsLog() throws Exception {
        killed();
        Files.write(file, new byte[0]);

        assertThat(assertSetAside()).contains("its log isn't");
        assertThat(Files.size(folder.resolve(ASIDE + "-wal"))).isPositive();
    }

    @Test
    void aLogWithoutItsFileIsSetAside() throws Exception {
        killed();
        Files.delete(file);

        StateFile.Opened opened = StateFile.open(file, NOW);
        opened.store().close();
        assertThat(opened.notice()).isPresent();
        assertThat(folder.resolve(ASIDE + "-wal")).isNotEmptyFile();
    }

    @Test
    void theLogOfADamagedFileIsSetAsideUntouched() throws Exception {
        killed();
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 4096; i < bytes.length; i++) {
            bytes[i] = (byte) (bytes[i] ^ 0x5A);
        }
        Files.write(file, bytes);

        assertSetAside();
        assertThat(folder.resolve(ASIDE + "-wal")).isNotEmptyFile();
    }

    @Test
    void aLogThatIsGoneLeavesTheStoreBeforeIt() throws Exception {
        killed();
        Files.delete(folder.resolve("connectctl.db-wal"));

        StateFile.Opened opened = StateFile.open(file, NOW);
        try (SqliteStore store = opened.store()) {
            assertThat(opened.notice()).isEmpty();
            assertThat(store.servers()).hasSize(2);
            assertThat(store.lastSequence()).isEqualTo(60);
        }
    }

    @Test
    void aLogThatIsGoneAfterAKillIsSaidAndTheNumbersTellHowOldTheStoreIs() throws Exception {
        killed();
        Files.delete(folder.resolve("connectctl.db-wal"));
        Files.createFile(folder.resolve("connectctl.db-open"));

        StateFile.Opened opened = StateFile.open(file, NOW);
        try (SqliteStore store = opened.store()) {
            assertThat(opened.notice().orElseThrow())
                    .contains("connectctl.db-wal", "is gone", "was folded into the file")
                    .doesNotContain("leases", "went with it");
            assertThat(store.servers()).hasSize(2);
            assertThat(store.lastSequence()).isEqualTo(60);
            assertThat(folder.resolve(ASIDE)).doesNotExist();
            assertThat(folder.resolve("connectctl.db-open")).exists();
        }
        assertThat(folder.resolve("connectctl.db-open")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"n", "noise noise noise noise noise noise", "a page of noise, and then some more "})
    void aLogOfNoiseIsSetAsideAndLeavesTheStoreBeforeIt(String text) throws Exception {
        killed();
        byte[] noise = text.repeat(text.length() * text.length()).getBytes(StandardCharsets.US_ASCII);
        Files.write(folder.resolve("connectctl.db-wal"), noise);

        StateFile.Opened opened = StateFile.open(file, NOW);
        try (SqliteStore store = opened.store()) {
            assertThat(opened.notice().orElseThrow()).contains("connectctl.db-wal", folder.resolve(ASIDE) + "-wal");
            assertThat(folder.resolve(ASIDE + "-wal")).hasBinaryContent(noise);
            assertThat(folder.resolve(ASIDE)).doesNotExist();
            assertThat(store.servers()).hasSize(2);
            assertThat(store.lastSequence()).isEqualTo(60);
            store.append(List.of(StateStoreContract.event(StateStoreContract.SALES, "on")));
        }
        StateFile.Opened again = StateFile.open(file, NOW);
        again.store().close();
        assertThat(again.notice()).isEmpty();
    }

    @Test
    void aDamagedFileAndItsLogOfNoiseStayTogether() throws Exception {
        killed();
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 200, 4096, (byte) 'x');
        Files.write(file, bytes);
        Files.write(folder.resolve("connectctl.db-wal"), "noise".repeat(5000).getBytes(StandardCharsets.US_ASCII));

        assertSetAside();
    }

    @Test
    void aSecondDamageInTheSameSecondTakesAnotherName() throws Exception {
        for (int i = 0; i < 2; i++) {
            Files.writeString(file, "no database ".repeat(100) + i);
            StateFile.open(file, NOW).store().close();
        }

        assertThat(folder.resolve(ASIDE)).content().endsWith("0");
        assertThat(folder.resolve(ASIDE + "-2")).content().endsWith("1");
    }

    @Test
    void noNumberIsGivenTwiceAfterASecondDamageWithinASecond() throws Exception {
        Set<Long> given = new HashSet<>();
        for (int i = 0; i < 2; i++) {
            Files.writeString(file, "no database ".repeat(100));
            try (SqliteStore store =
                    StateFile.open(file, NOW.plusMillis(100L * i)).store()) {
                for (int n = 0; n < 50; n++) {
                    store.append(List.of(StateStoreContract.event(StateStoreContract.SALES, "on")))
                            .forEach(event -> assertThat(given.add(event.sequence()))
                                    .as("%s", event.sequence())
                                    .isTrue());
                }
            }
        }
        assertThat(given).allSatisfy(number -> assertThat(number).isLessThan(1L << 53));
    }

    @Test
    void whatIsOnlyOutOfReachStaysWhereItIs() throws Exception {
        Files.delete(file);
        Files.createDirectory(file);

        assertThatThrownBy(() -> StateFile.open(file, NOW))
                .isExactlyInstanceOf(StoreException.class)
                .hasMessageContaining(file.toString());
        assertThat(file).isDirectory();
        assertThat(folder.resolve(ASIDE)).doesNotExist();
    }

    @Test
    void aFileWhoseModeForbidsItsOwnerIsMendedNotSetAside() throws Exception {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));

        StateFile.Opened opened = StateFile.open(file, NOW);
        try (SqliteStore store = opened.store()) {
            assertThat(opened.notice()).isEmpty();
            assertThat(store.servers()).hasSize(2);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void aNewerSchemaIsNoDamage() throws Exception {
        List<List<String>> newer = new ArrayList<>(SqliteStore.MIGRATIONS);
        newer.add(List.of("alter table servers add column future text"));
        SqliteStore.open(file, Retention.DEFAULT, newer).close();

        assertThatThrownBy(() -> StateFile.open(file, NOW))
                .isExactlyInstanceOf(StoreException.class)
                .hasMessageContaining("newer connectctl");
        assertThat(folder.resolve(ASIDE)).doesNotExist();
    }
}
