package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What must be known of a server's last container beyond what the engine keeps: {@code STATE/servers/NAME/docker.json}. It
 * tells the starts of one container apart, a stop of ours from a person's, and how a container ended that is gone.
 *
 * @param containerId the container; null before the first launch
 * @param incarnation the number on its label, that of its first start
 * @param marker value of spark.connectctl.instance
 * @param starts each start of it that was seen, as the engine names them by their time; the first is the launch's
 * @param halted the start that we ended, or were about to
 * @param ending how the last of the starts ended; null while it runs
 * @param image the image that was prepared last
 * @param jars the folder of Spark's jars in it, where it says so
 * @param sparkHome its Spark distribution otherwise
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
record History(
        @Nullable String containerId,
        int incarnation,
        @Nullable String marker,
        List<String> starts,
        @Nullable String halted,
        @Nullable Ending ending,
        @Nullable String image,
        @Nullable String jars,
        @Nullable String sparkHome) {
    static final History EMPTY = new History(null, 0, null, List.of(), null, null, null, null, null);

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * How a start ended.
     *
     * @param start which start
     * @param code the exit code; null where it isn't known
     * @param at when, as ISO 8601
     * @param note what the code doesn't tell; null for nothing
     * @param outside whether a person stopped it
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Ending(String start, @Nullable Integer code, String at, @Nullable String note, boolean outside) {
        ExitStatus status() {
            return new ExitStatus(
                    code == null ? OptionalInt.empty() : OptionalInt.of(code),
                    Instant.parse(at),
                    Optional.ofNullable(note),
                    outside);
        }
    }

    History {
        // A file that lacks it was written by hand.
        starts = List.copyOf(Objects.requireNonNullElse(starts, List.of()));
    }

    /** A fresh container of ours. */
    History launched(String id, int number, String name) {
        return new History(id, number, name, List.of(), null, null, image, jars, sparkHome);
    }

    /** With this start of this container, be it known or not. */
    History seen(Container container) {
        if (!container.id().equals(containerId)) {
            int number = Labels.incarnation(container);
            return new History(
                    container.id(),
                    number,
                    container.label(Names.MARKER),
                    List.of(container.startedAt()),
                    null,
                    null,
                    image,
                    jars,
                    sparkHome);
        }
        if (starts.contains(container.startedAt())) {
            return this;
        }
        List<String> more = new ArrayList<>(starts);
        more.add(container.startedAt());
        return new History(containerId, incarnation, marker, more, null, null, image, jars, sparkHome);
    }

    /** With our wish to end what runs now. */
    History halting(String start) {
        return new History(containerId, incarnation, marker, starts, start, ending, image, jars, sparkHome);
    }

    History ended(Ending how) {
        return new History(containerId, incarnation, marker, starts, halted, how, image, jars, sparkHome);
    }

    /** With what was found in an image. */
    History prepared(String name, Optional<Path> jarsFolder, Optional<Path> home) {
        return new History(
                containerId,
                incarnation,
                marker,
                starts,
                halted,
                ending,
                name,
                jarsFolder.map(Path::toString).orElse(null),
                home.map(Path::toString).orElse(null));
    }

    /** The number of a start. */
    int number(String start) {
        return incarnation + Math.max(0, starts.indexOf(start));
    }

    /** The last start; empty text if there was none. */
    String lastStart() {
        return starts.isEmpty() ? "" : starts.get(starts.size() - 1);
    }

    /** The number of the last start; 0 if there was none. */
    int lastNumber() {
        return containerId == null ? 0 : incarnation + Math.max(0, starts.size() - 1);
    }

    /** The instance of the last start, as far as it is known without the engine; empty if there was none. */
    Optional<Instance> instance(ServerName server, Optional<ExitStatus> exit) {
        if (containerId == null || marker == null || starts.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Instance(
                server,
                lastNumber(),
                marker,
                OptionalLong.empty(),
                Optional.of(containerId),
                Container.time(lastStart()).truncatedTo(ChronoUnit.MILLIS),
                exit));
    }

    /** The number on a container's label. */
    static final class Labels {
        private Labels() {}

        static int incarnation(Container container) {
            try {
                return Integer.parseInt(container.label(Names.INCARNATION));
            } catch (NumberFormatException e) {
                return 1;
            }
        }
    }

    // ------------------------------------------------------------------ on disk

    static Path file(Folders folders, ServerName server) {
        return folders.servers().resolve(server.value()).resolve("docker.json");
    }

    /** What is known; {@link #EMPTY} where nothing is. */
    static History read(Folders folders, ServerName server) throws IOException {
        Path file = file(folders, server);
        try {
            return JSON.readValue(Files.readString(file, StandardCharsets.UTF_8), History.class);
        } catch (NoSuchFileException e) {
            return EMPTY;
        } catch (com.fasterxml.jackson.core.JacksonException e) {
            throw new IOException(file + " can't be understood, remove it: " + e.getOriginalMessage(), e);
        }
    }

    void write(Folders folders, ServerName server) throws IOException {
        Path file = file(folders, server);
        PrivateFiles.folder(folders.servers().resolve(server.value()));
        PrivateFiles.write(file, JSON.writeValueAsString(this) + "\n", false);
    }
}
