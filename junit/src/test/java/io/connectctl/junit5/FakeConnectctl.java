package io.connectctl.junit5;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/** A connectctl without servers: answers as the real one does, writes down what it was asked, fails when told to. */
final class FakeConnectctl {
    /** Numbers the leases, no number twice, so that each has a port and a token of its own whenever another one ended. */
    private static final String SCRIPT =
            """
            #!/bin/sh
            here=${0%/*}
            printf '%s\\n' "$*" >>"$here/calls"
            if [ -f "$here/fails-$1" ]; then
                read -r code <"$here/fails-$1"
                sed 1d "$here/fails-$1" >&2
                exit "$code"
            fi
            variables() {
                printf "CONNECTCTL_SERVER='lease-%s'\\nSPARK_CONNECT_RELEASE_SESSION_ON_EXIT='1'\\nSPARK_REMOTE='sc://localhost:%s'\\n" "$1" "$2"
                case $3 in *3.5.0*) ;; *) printf "SPARK_CONNECT_AUTHENTICATE_TOKEN='secret-%s'\\n" "$1" ;; esac
            }
            case $1 in
                lease)
                    n=1
                    while ! mkdir "$here/given-$n" 2>/dev/null; do n=$((n + 1)); done
                    mkdir "$here/lease-$n"
                    variables "$n" $((15000 + n)) "$*"
                    printf "CONNECTCTL_LEASE='%s'\\n" "$n"
                    ;;
                renew) echo 2026-11-22T12:30:00Z ;;
                release) rmdir "$here/lease-$2" ;;
                restart) echo "sc://localhost:$((16000 + ${3#lease-}))" ;;
                env) variables "${2#lease-}" $((16000 + ${2#lease-})) "" | grep -v -e RELEASE -e CONNECTCTL ;;
                logs) echo "log of $2" ;;
                hang) exec sleep 600 ;;
                *) exit 2 ;;
            esac
            """;

    private final Path folder;

    /** One in a folder of its own. */
    FakeConnectctl(Path folder) {
        this.folder = folder;
        try {
            Files.writeString(command(), SCRIPT);
            Files.setPosixFilePermissions(command(), PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its file. */
    Path command() {
        return folder.resolve("connectctl");
    }

    /** As the extension finds it. */
    Connectctl found() {
        return Connectctl.find(Optional.of(command().toString()), Optional.empty(), "");
    }

    /** Lets a command fail from now on. */
    void fails(String command, int exit, String stderr) {
        try {
            Path made = Files.writeString(folder.resolve("new"), exit + "\n" + stderr + "\n");
            Files.move(made, folder.resolve("fails-" + command));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The calls so far that begin with a command, each as one line. */
    List<String> calls(String command) {
        try {
            Path calls = folder.resolve("calls");
            return Files.exists(calls)
                    ? Files.readAllLines(calls).stream()
                            .filter(call -> call.equals(command) || call.startsWith(command + " "))
                            .toList()
                    : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The leases that nobody gave back. */
    List<String> held() {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("lease-"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
