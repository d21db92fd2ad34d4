package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.runtime.testing.FakeRuntime;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.Observed;
import io.connectctl.health.Rung;
import io.connectctl.manager.cluster.Clusters;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.store.MemoryStore;
import io.connectctl.manager.store.StateFile;
import io.connectctl.manager.store.StoredServer;
import io.connectctl.manager.store.testing.FailingStore;
import io.connectctl.manager.supervise.testing.FakeWorkload;
import io.connectctl.manager.supervise.testing.ManualTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that is lost, or thrown back, costs no server, no declaration, and no word of what was wanted. */
class RecoveryTest {
    private static final ServerName SALES = new ServerName("sales");
    private static final ServerName HR = new ServerName("hr");
    private static final String NOTICE = "the state file /s was damaged (SQLITE_NOTADB) and is set aside";
    private static final Duration BLINK = Duration.ofMillis(50);

    private final Path folder;
    private final ManualTime time = new ManualTime();
    private final FakeRuntime runtime = new FakeRuntime();
    private FailingStore store = new FailingStore(new MemoryStore());
    private LiveFleet fleet;

    RecoveryTest(@TempDir Path folder) throws Exception {
        this.folder = folder;
        this.fleet = open(Optional.empty());
    }

    @AfterEach
    void closeFleet() {
        fleet.close();
    }

    private Folders folders() {
        return new Folders(folder, folder, folder, folder);
    }

    private LiveFleet open(Optional<String> notice) throws Exception {
        return LiveFleet.open(
                new Surroundings(
                        folders(),
                        store,
                        Map.of("fake", runtime),
                        (spec, site, ticket) -> new LaunchPlan(
                                spec, site, ticket, new Rendering(List.of(), "x"), List.of("run"), Map.of()),
                        target -> new Answering(),
                        new FakeWorkload(),
                        evidence -> new Cause("EXITED", "it ended", "look", evidence.log(), true),
                        spec -> List.of(),
                        ProbeListener.SILENT,
                        time,
                        Clusters.NONE),
                notice,
                new SimpleSpecs());
    }

    private static final class Answering implements Ladder {
        @Override
        public Climb climb(Rung until, Duration timeout) {
            return new Climb(until, Optional.empty(), Map.of(), Observed.NOTHING);
        }

        @Override
        public void close() {}
    }

    /** Another daemon, whose store is empty. */
    private void loseTheStore() throws Exception {
        fleet.close();
        store = new FailingStore(new MemoryStore());
        store.skipTo(1_000_000);
        fleet = open(Optional.of(NOTICE));
    }

    /** Another daemon, on the state file that lies there. */
    private void openTheFile() throws Exception {
        StateFile.Opened opened = StateFile.open(file(), time.now().wall());
        store = new FailingStore(opened.store());
        fleet = open(opened.notice());
    }

    private Path file() {
        return folder.resolve("connectctl.db");
    }

    /** The daemon is killed, and what its log held is lost: what an orderly end would have folded into the file. */
    private void killAndLoseTheLog() throws Exception {
        byte[] withoutTheLog = Files.readAllBytes(file());
        end();
        Files.write(file(), withoutTheLog);
        Files.createFile(folder.resolve("connectctl.db-open"));
        assertThat(folder.resolve("connectctl.db-wal")).doesNotExist();
    }

    private void end() {
        fleet.close();
        store.close();
    }

    private ServerStatus status(ServerName name) {
        return fleet.server(name).orElseThrow();
    }

    private void until(BooleanSupplier holds) {
        await().atMost(Duration.ofSeconds(30))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(4))
                .until(() -> {
                    if (holds.getAsBoolean()) {
                        return true;
                    }
                    time.advance(BLINK);
                    return holds.getAsBoolean();
                });
    }

    private void until(ServerName name, Phase phase) {
        until(() -> status(name).phase() == phase);
    }

    private void healthy(ServerName name, String json) throws Exception {
        fleet.declare(name, Declaration.ofJson(json), Origin.FLAGS);
        fleet.start(name);
        until(name, Phase.HEALTHY);
    }

    private List<String> recovered(ServerName name) {
        return fleet.events(Optional.of(name), 0, 1000).stream()
                .filter(event -> event.type().equals("recovered"))
                .map(ServerEvent::message)
                .toList();
    }

    private Path transcript(ServerName name) {
        return folders().servers().resolve(name.value()).resolve("transcript.json");
    }

    @Test
    void aServerThatRunsIsAdoptedWithItsDeclaration() throws Exception {
        healthy(SALES, "{\"port\":\"15011\",\"master\":\"local[3]\",\"env\":{\"PASSWORD\":\"hush\"}}");
        int incarnation = status(SALES).incarnation();

        loseTheStore();
        until(SALES, Phase.HEALTHY);

        assertThat(runtime.launches(SALES)).isEqualTo(1);
        assertThat(status(SALES).incarnation()).isEqualTo(incarnation);
        assertThat(status(SALES).desired()).isEqualTo(Desired.UP);
        assertThat(status(SALES).spec().master()).isEqualTo("local[3]");
        assertThat(recovered(SALES)).singleElement().asString().contains(NOTICE, "declared again from its folder");
        assertThat(fleet.start(SALES).changed()).isFalse();
        assertThat(fleet.lastSequence()).isGreaterThan(1_000_000);
    }

    @Test
    void itsSecretsComeBackFromTheFileBesideAndStayOutOfTheTranscript() throws Exception {
        healthy(SALES, "{\"port\":\"auto\",\"env\":{\"PASSWORD\":\"hush\"}}");
        assertThat(transcript(SALES)).content().doesNotContain("hush");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(transcript(SALES))))
                .isEqualTo("rw-------");

        loseTheStore();
        until(SALES, Phase.HEALTHY);
        fleet.restart(SALES);
        until(() -> status(SALES).incarnation() == 2 && status(SALES).phase() == Phase.HEALTHY);

        assertThat(runtime.lastPlan(SALES).orElseThrow().spec().env()).containsEntry("PASSWORD", "hush");
    }

    @Test
    void whatWasStoppedStaysStopped() throws Exception {
        healthy(SALES, "{\"port\":\"auto\"}");
        fleet.stop(SALES, false);
        until(SALES, Phase.STOPPED);
        fleet.declare(HR, Declaration.ofJson("{\"port\":\"15012\"}"), Origin.FLAGS);

        loseTheStore();
        until(SALES, Phase.STOPPED);

        assertThat(status(SALES).desired()).isEqualTo(Desired.DOWN);
        assertThat(runtime.launches(SALES)).isEqualTo(1);
        assertThat(status(HR).phase()).isEqualTo(Phase.STOPPED);
        assertThat(status(HR).incarnation()).isZero();
    }

    @Test
    void whatEndedMeanwhileIsStartedAgain() throws Exception {
        healthy(SALES, "{\"port\":\"auto\"}");
        fleet.close();
        runtime.exit(SALES, 137);
        store = new FailingStore(new MemoryStore());
        fleet = open(Optional.of(NOTICE));

        until(SALES, Phase.HEALTHY);

        assertThat(status(SALES).incarnation()).isEqualTo(2);
    }

    @Test
    void whatWasRemovedDoesNotComeBack() throws Exception {
        healthy(SALES, "{\"port\":\"auto\"}");
        fleet.stop(SALES, false);
        until(SALES, Phase.STOPPED);
        fleet.remove(SALES, true);

        loseTheStore();

        assertThat(fleet.servers()).isEmpty();
    }

    @Test
    void aRemovalThatCannotBeStoredLeavesTheTranscript() throws Exception {
        fleet.declare(SALES, Declaration.ofJson("{\"port\":\"auto\"}"), Origin.FLAGS);
        store.full(true);
        assertThatThrownBy(() -> fleet.remove(SALES, true)).isInstanceOf(RefusedException.class);
        store.full(false);

        loseTheStore();

        assertThat(status(SALES).phase()).isEqualTo(Phase.STOPPED);
    }

    @Test
    void aStoreThatWasThrownBackLearnsWhatCameLater() throws Exception {
        fleet.declare(SALES, Declaration.ofJson("{\"port\":\"auto\",\"master\":\"local[1]\"}"), Origin.FLAGS);
        fleet.start(SALES);
        until(SALES, Phase.HEALTHY);
        StoredServer early = store.servers().get(0);
        long then = fleet.lastSequence();
        fleet.declare(SALES, Declaration.ofJson("{\"master\":\"local[2]\"}"), Origin.FLAGS);
        fleet.stop(SALES, false);
        until(SALES, Phase.STOPPED);
        long heard = fleet.lastSequence();
        fleet.close();
        store = new FailingStore(new MemoryStore());
        store.commit(early, List.of());
        store.skipTo(then);

        fleet = open(Optional.empty());
        until(SALES, Phase.STOPPED);

        assertThat(status(SALES).desired()).isEqualTo(Desired.DOWN);
        fleet.start(SALES);
        until(SALES, Phase.HEALTHY);
        assertThat(status(SALES).spec().master()).isEqualTo("local[2]");
        assertThat(recovered(SALES)).singleElement().asString().contains("an earlier declaration or command");
        assertThat(fleet.events(Optional.empty(), 0, 1000))
                .allSatisfy(event -> assertThat(event.sequence()).isGreaterThan(heard));
    }

    @Test
    void whatWentWithALostLogIsLearntFromTheTranscripts() throws Exception {
        fleet.close();
        openTheFile();
        healthy(SALES, "{\"port\":\"auto\",\"master\":\"local[1]\"}");
        end();
        openTheFile();
        until(SALES, Phase.HEALTHY);
        fleet.declare(SALES, Declaration.ofJson("{\"master\":\"local[2]\"}"), Origin.FLAGS);
        fleet.stop(SALES, false);
        until(SALES, Phase.STOPPED);
        long heard = fleet.lastSequence();
        killAndLoseTheLog();

        openTheFile();
        until(SALES, Phase.STOPPED);

        assertThat(status(SALES).desired()).isEqualTo(Desired.DOWN);
        assertThat(runtime.launches(SALES)).isEqualTo(1);
        assertThat(recovered(SALES)).singleElement().asString().contains("an earlier declaration or command");
        assertThat(transcript(SALES)).content().contains("DOWN", "local[2]");
        assertThat(fleet.notice().orElseThrow())
                .contains("is gone", "the newest commits are lost", "tell of ")
                .doesNotContain("leases");
        assertThat(fleet.events(Optional.of(SALES), heard, 1000))
                .anySatisfy(event -> assertThat(event.type()).isEqualTo("recovered"));
    }

    @Test
    void aLogThatWasFoldedInIsNotCalledLost() throws Exception {
        fleet.close();
        openTheFile();
        healthy(SALES, "{\"port\":\"auto\"}");
        end();
        // As sqlite3 leaves what a killed daemon left to it.
        Files.createFile(folder.resolve("connectctl.db-open"));

        openTheFile();
        until(SALES, Phase.HEALTHY);

        assertThat(fleet.notice().orElseThrow())
                .contains("is gone", "folded into the file")
                .doesNotContain("are lost");
        assertThat(recovered(SALES)).isEmpty();
    }

    @Test
    void aFileThatWasEmptiedIsTold() throws Exception {
        fleet.close();
        openTheFile();
        healthy(SALES, "{\"port\":\"auto\"}");
        end();
        Files.write(file(), new byte[0]);

        openTheFile();
        until(SALES, Phase.HEALTHY);

        assertThat(fleet.notice().orElseThrow()).contains("the state file knew events up to 0");
        assertThat(recovered(SALES)).hasSize(1);
    }

    /** A store that knows a server which was removed since, with what is left of it. */
    private void throwBackBeyondARemoval() throws Exception {
        healthy(SALES, "{\"port\":\"auto\"}");
        StoredServer early = store.servers().get(0);
        long then = fleet.lastSequence();
        fleet.declare(HR, Declaration.ofJson("{\"port\":\"auto\"}"), Origin.FLAGS);
        fleet.stop(SALES, false);
        until(SALES, Phase.STOPPED);
        fleet.remove(SALES, true);
        fleet.declare(HR, Declaration.ofJson("{\"master\":\"local[2]\"}"), Origin.FLAGS);
        fleet.close();
        store = new FailingStore(new MemoryStore());
        store.commit(early, List.of());
        store.skipTo(then);
        // As the real runtimes do.
        PrivateFiles.remove(folders().servers().resolve(SALES.value()));
    }

    @Test
    void whatWasRemovedSinceIsNotStartedAgain() throws Exception {
        throwBackBeyondARemoval();

        fleet = open(Optional.empty());

        assertThat(fleet.servers()).extracting(status -> status.spec().name()).containsExactly(HR);
        assertThat(runtime.find(SALES).filter(Instance::running)).isEmpty();
        assertThat(fleet.events(Optional.of(SALES), 0, 1000))
                .filteredOn(event -> event.type().equals("removed"))
                .singleElement()
                .extracting(ServerEvent::message)
                .asString()
                .contains("its folder is gone");
    }

    @Test
    void whatHasAFolderStillIsNotTakenForRemoved() throws Exception {
        throwBackBeyondARemoval();
        Files.createDirectories(folders().servers().resolve(SALES.value()));

        fleet = open(Optional.empty());

        until(SALES, Phase.HEALTHY);
    }

    @Test
    void aStoreThatLostNothingIsBelievedWithoutFolders() throws Exception {
        healthy(SALES, "{\"port\":\"auto\"}");
        fleet.close();
        PrivateFiles.remove(folders().servers().resolve(SALES.value()));

        fleet = open(Optional.empty());

        until(SALES, Phase.HEALTHY);
        assertThat(runtime.launches(SALES)).isEqualTo(1);
    }

    @Test
    void aStoreThatKnowsMoreIsBelieved() throws Exception {
        healthy(SALES, "{\"port\":\"auto\"}");
        String before = Files.readString(transcript(SALES));
        fleet.stop(SALES, false);
        until(SALES, Phase.STOPPED);
        fleet.close();
        // As after a kill between the two.
        Files.writeString(transcript(SALES), before);

        fleet = open(Optional.empty());
        until(SALES, Phase.STOPPED);

        assertThat(status(SALES).desired()).isEqualTo(Desired.DOWN);
        assertThat(recovered(SALES)).isEmpty();
        assertThat(transcript(SALES)).content().contains("DOWN");
    }

    @Test
    void aRowThatCannotBeReadIsReplaced() throws Exception {
        healthy(SALES, "{\"port\":\"auto\",\"master\":\"local[3]\"}");
        fleet.close();
        store.commit(new StoredServer(SALES, "{\"decl", "{\"phase\":\"HEAL"), List.of());

        fleet = open(Optional.empty());
        until(SALES, Phase.HEALTHY);

        assertThat(status(SALES).spec().master()).isEqualTo("local[3]");
        assertThat(runtime.launches(SALES)).isEqualTo(1);
        assertThat(recovered(SALES)).singleElement().asString().contains("can't be read");
    }

    @Test
    void withoutATranscriptWhatRunsIsTakenOverAndWhatIsMissingIsSaid() throws Exception {
        healthy(SALES, "{\"port\":\"auto\"}");
        fleet.close();
        Files.writeString(transcript(SALES), "{\"sequence\":");
        store = new FailingStore(new MemoryStore());

        fleet = open(Optional.of(NOTICE));
        until(SALES, Phase.HEALTHY);

        assertThat(status(SALES).incarnation()).isEqualTo(1);
        assertThat(runtime.launches(SALES)).isEqualTo(1);
        assertThat(recovered(SALES)).singleElement().asString().contains(NOTICE, "declare it again");
    }

    @Test
    void aLeasedServerIsLeftToItsSwitch() throws Exception {
        Files.createDirectories(folders().servers().resolve("lease-0badcafe"));
        Files.writeString(Deadline.file(folders(), new ServerName("lease-0badcafe")), "boot 1 1\n");
        healthy(new ServerName("lease-0badcafe"), "{\"port\":\"auto\"}");

        loseTheStore();

        assertThat(transcript(new ServerName("lease-0badcafe"))).doesNotExist();
        assertThat(fleet.servers()).isEmpty();
    }
}
