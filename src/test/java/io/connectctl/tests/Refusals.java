package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Starts that can't succeed, tried side by side: most of their time goes into waiting. */
final class Refusals {
    /**
     * An address of this very machine at which the driver doesn't listen: nobody does, or a stranger who ends each
     * conversation, or one who never says a word. What lies behind an address elsewhere differs between networks.
     */
    static final String ELSEWHERE = "127.66.0.9";

    private Refusals() {}

    /** One that is silent as long as nobody takes what comes in. */
    static ServerSocket socketElsewhere() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getByName(ELSEWHERE));
    }

    /** Flags of a driver that tells its cluster of that address, and listens at another. */
    static String[] elsewhere(int seconds, String... flags) {
        return within(
                seconds,
                Stream.concat(
                                Stream.of("--driver-host", ELSEWHERE, "--conf", "spark.driver.bindAddress=127.0.0.1"),
                                Stream.of(flags))
                        .toArray(String[]::new));
    }

    /**
     * One of them, and what must come of it.
     *
     * @param server its name
     * @param command the start
     * @param code the cause's code
     * @param summary a part of what the cause says
     * @param remedy a part of what is to be done about it
     * @param said what the command says while it waits
     */
    record Refusal(String server, List<String> command, String code, String summary, String remedy, List<String> said) {
        /** The same, and its command says this. */
        Refusal saying(String... words) {
            return new Refusal(server, command, code, summary, remedy, List.of(words));
        }
    }

    static Refusal of(String server, String[] command, String code, String summary, String remedy) {
        return new Refusal(server, List.of(command), code, summary, remedy, List.of());
    }

    /** Flags of a start that gives up after so many seconds. */
    static String[] within(int seconds, String... flags) {
        return Stream.concat(Stream.of(flags), Stream.of("--start-timeout", seconds + "s"))
                .toArray(String[]::new);
    }

    /** What may be gone at the next try would be tried again, for as long as the command waits. */
    private static void declareWithoutRestarts(Installation installation, Refusal... refusals) {
        try {
            Files.writeString(
                    installation.project().resolve("connectctl.yaml"),
                    Stream.of(refusals)
                            .map(refusal -> "  " + refusal.server() + ": {restart: {onFault: false}}\n")
                            .collect(Collectors.joining("", "servers:\n", "")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tries them all at once, and leaves none. */
    static void all(Installation installation, Refusal... refusals) {
        declareWithoutRestarts(installation, refusals);
        Map<Refusal, Process> tried = new LinkedHashMap<>();
        for (Refusal refusal : refusals) {
            tried.put(refusal, installation.spawn(refusal.command().toArray(new String[0])));
        }
        tried.forEach((refusal, process) -> {
            Outcome outcome = Installation.finish(process, Installation.PATIENCE);
            JsonNode status = installation.status(refusal.server());
            installation.run("stop", refusal.server());
            String all = outcome + "\n" + status + "\n"
                    + installation
                            .run("logs", refusal.server(), "--tail", "400")
                            .out();
            assertThat(outcome.exit()).as(all).isEqualTo(4);
            assertThat(status.at("/cause/code").asText()).as(all).isEqualTo(refusal.code());
            assertThat(status.at("/cause/summary").asText()).as(all).contains(refusal.summary());
            assertThat(status.at("/cause/remedy").asText()).as(all).contains(refusal.remedy());
            assertThat(outcome.err()).as(all).contains(refusal.code());
            assertThat(refusal.said()).as(all).allMatch(outcome.err()::contains);
        });
    }
}
