package io.connectctl.manager.diagnose;

import io.connectctl.compose.runtime.ExitStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** How an instance ended, in words. */
final class Ending {
    private Ending() {}

    /** Such as {@code signal 9 (SIGKILL)} or {@code exit code 1}. */
    static String words(Clues clues) {
        Optional<ExitStatus> exit = clues.evidence().exit();
        if (exit.isEmpty()) {
            return "the process lives";
        }
        ExitStatus status = exit.get();
        String words = status.signal().isPresent()
                ? signalName(status.signal().getAsInt())
                : status.code().isPresent()
                        ? "exit code " + status.code().getAsInt()
                        : "nobody saw how the process ended";
        return status.note().map(note -> words + ", " + note).orElse(words);
    }

    /** The end in words, and the last thing it wrote if that is a complaint: news of its work tell nothing of its end. */
    static List<String> evidence(Clues clues) {
        return Stream.concat(Stream.of(words(clues)), clues.lastComplaint().stream())
                .toList();
    }

    /** Such as {@code signal 15 (SIGTERM)}. */
    static String signalName(int signal) {
        String name =
                switch (signal) {
                    case 1 -> " (SIGHUP)";
                    case 2 -> " (SIGINT)";
                    case 3 -> " (SIGQUIT)";
                    case 4 -> " (SIGILL)";
                    case 6 -> " (SIGABRT)";
                    case 7 -> " (SIGBUS)";
                    case 8 -> " (SIGFPE)";
                    case 9 -> " (SIGKILL)";
                    case 11 -> " (SIGSEGV)";
                    case 13 -> " (SIGPIPE)";
                    case 15 -> " (SIGTERM)";
                    case 24 -> " (SIGXCPU)";
                    case 25 -> " (SIGXFSZ)";
                    default -> "";
                };
        return "signal " + signal + name;
    }

    /** Such as {@code 180 s}. */
    static String seconds(Duration duration) {
        return duration.toSeconds() + " s";
    }

    /** What the last probe said, as the end of a sentence; empty if none failed. */
    static String lastProbe(Clues clues) {
        return clues.evidence().probe().map(probe -> ": " + probe.detail()).orElse("");
    }
}
