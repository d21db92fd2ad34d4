package io.connectctl.manager.daemon;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Who listens on a TCP port, as far as /proc shows it to this user. */
final class PortHolder {
    /** TCP_LISTEN in the column {@code st} of /proc/net/tcp. */
    private static final String LISTEN = "0A";

    private PortHolder() {}

    /** {@code pid 4711 (java)}; empty where nobody listens or the process is somebody else's. */
    static Optional<String> of(int port) {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            Set<String> sockets = Stream.of("tcp", "tcp6")
                    .flatMap(table -> lines(Path.of("/proc/net", table)))
                    .map(line -> line.strip().split("\\s+", -1))
                    .filter(column -> column.length > 9
                            && column[3].equals(LISTEN)
                            && column[1].endsWith(String.format(Locale.ROOT, ":%04X", port)))
                    .map(column -> "socket:[" + column[9] + "]")
                    .collect(Collectors.toSet());
            return sockets.isEmpty()
                    ? Optional.empty()
                    : processes
                            .filter(process ->
                                    process.getFileName().toString().matches("\\d+") && holds(process, sockets))
                            .map(process -> "pid " + process.getFileName() + " ("
                                    + lines(process.resolve("comm")).findFirst().orElse("?") + ")")
                            .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException e) {
            return Stream.empty(); // The process ended, or the table isn't there.
        }
    }

    private static boolean holds(Path process, Set<String> sockets) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path file : files) {
                if (sockets.contains(Files.readSymbolicLink(file).toString())) {
                    return true;
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            return false; // Another user's, or ended meanwhile.
        }
        return false;
    }
}
