package io.connectctl.manager.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Recorded once, by one at a time, and in folders of its own. */
@Timeout(60)
class DaemonArchiveTest {
    private Path folder;
    private Path java;
    private DaemonArchive archive;

    @BeforeEach
    void keep(@TempDir Path temporary) throws IOException {
        folder = temporary;
        java = folder.resolve("a java");
        archive = new DaemonArchive(folder.resolve("daemon's.jsa"));
        Files.createDirectory(folder.resolve("tmp"));
    }

    @Test
    void whatTheJvmWritesIsTheArchiveAndNothingElseRemains() throws Exception {
        java("printf '%s' \"$CONNECTCTL_STATE_DIR\" >'" + folder.resolve("state") + "'; printf classes >\"$new\"");

        assertThat(record()).isZero();

        assertThat(archive.exists()).isTrue();
        assertThat(folder.resolve("daemon's.jsa")).hasContent("classes");
        assertThat(Files.readString(folder.resolve("state"))).startsWith(folder.resolve("tmp") + "/");
        try (Stream<Path> left = Files.list(folder.resolve("tmp"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aRecordingThatFailedIsNotTriedAgain() throws Exception {
        java("printf half >\"$new\"; exit 1");
        record();
        java("printf classes >\"$new\"");

        assertThat(record()).isNotZero();

        assertThat(archive.exists()).isFalse();
        assertThat(folder.resolve("daemon's.jsa.new")).doesNotExist();
    }

    @Test
    void whileOneRecordsNoOtherDoes() throws Exception {
        java("printf . >>'" + folder.resolve("runs") + "'; read go; printf classes >\"$new\"");
        Process first = command().start();
        while (Files.notExists(folder.resolve("runs"))) {
            assertThat(first.isAlive()).isTrue();
            Thread.onSpinWait();
        }

        assertThat(record()).isNotZero();
        first.outputWriter().append("go\n").close();

        assertThat(first.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(folder.resolve("runs")).hasContent(".");
        assertThat(archive.exists()).isTrue();
    }

    /** Plays Java, with the archive's file in {@code $new}. */
    private void java(String script) throws IOException {
        Files.writeString(java, "#!/bin/sh\nnew=${1#-XX:ArchiveClassesAtExit=}\n" + script + "\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwx------"));
    }

    private int record() throws Exception {
        Process process = command().start();
        process.outputWriter().close();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private ProcessBuilder command() {
        List<String> command = new ArrayList<>(archive.record(java, List.of("-cp", "x")));
        // Of this JVM it may be the leader's child only: setsid forks where it is asked by a leader, and returns at
        // once.
        command.remove("setsid");
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("TMPDIR", folder.resolve("tmp").toString());
        return builder;
    }
}
